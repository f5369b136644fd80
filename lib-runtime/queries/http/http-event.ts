/** An HTTP request, as a function URL or API Gateway passes it on. */
export interface HttpRequest {
  readonly method: string;
  /** The path below that of the API, decoded, without the slash at its beginning: `reports/daily`. */
  readonly path: string;
  /** The path of the API, without a slash at its end: empty, or a stage such as `/dev`. */
  readonly basePath: string;
  /** The names and values of the query string, in its order. */
  readonly query: ReadonlyArray<readonly [name: string, value: string]>;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** What the service in front of the function knows of the caller, for a name such as `authorizer.claims.tenant`. */
  readonly caller: (property: string) => string | undefined;
  /** Which service has sent it, because they take responses in different ways. */
  readonly service: 'function URL' | 'HTTP API' | 'REST API';
}

type Fields = Readonly<Record<string, any>>;

/** The names of a signed request's properties in the events of REST APIs. */
const REST_IAM: Readonly<Record<string, string>> = { callerId: 'caller', userId: 'user' };

/** Whether it comes from a function URL or API Gateway. A direct event has no request context. */
export function isHttpEvent(event: unknown): event is Fields {
  const { requestContext: context, httpMethod } = fields(event);
  return isObject(context) && (isObject(fields(context).http) || typeof httpMethod === 'string') && !('elb' in context);
}

/** Reads an event of format 2.0, of function URLs and HTTP APIs, or 1.0, of REST APIs and HTTP APIs. */
export function readHttpEvent(event: Fields): HttpRequest {
  const context = fields(event.requestContext);
  const isSecond = isObject(context.http);
  const service = !isSecond && event.version === undefined ? 'REST API' : isFunctionUrl(context) ? 'function URL' : 'HTTP API';
  return {
    method: String(isSecond ? context.http.method : event.httpMethod).toUpperCase(),
    ...paths(event, isSecond),
    query: isSecond ? [...new URLSearchParams(text(event.rawQueryString))] : firstQuery(event),
    headers: headers(event),
    body: event.isBase64Encoded === true ? Buffer.from(text(event.body), 'base64').toString('utf8') : text(event.body),
    caller: (property) => callersProperty(context, property, isSecond),
    service,
  };
}

function isFunctionUrl({ domainName }: Fields): boolean {
  return typeof domainName === 'string' && domainName.includes('.lambda-url.');
}

/** A greedy path variable has what an API's own path and stage do not belong to. */
function paths({ version, rawPath, path, pathParameters, requestContext: { stage, path: full } }: Fields, isSecond: boolean): Paths {
  const whole = decoded(text(isSecond ? rawPath : path));
  const greedy = fields(pathParameters).proxy;
  // Only HTTP APIs put the stage into it.
  const own = typeof greedy === 'string' ? decoded(greedy) : version === undefined ? whole : withoutStage(whole, stage);
  const below = own.replace(/^\/+/, '');
  const outer = decoded(isSecond ? whole : text(full) || whole);
  return { path: below, basePath: outer.endsWith(below) ? outer.slice(0, outer.length - below.length).replace(/\/+$/, '') : '' };
}

type Paths = Pick<HttpRequest, 'path' | 'basePath'>;

function withoutStage(path: string, stage: unknown): string {
  return typeof stage === 'string' && path.startsWith(`/${stage}/`) ? path.slice(stage.length + 1) : path;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Format 1.0 has decoded values: the last of each name, and all of them. */
function firstQuery({ multiValueQueryStringParameters: all, queryStringParameters: last }: Fields): Array<[string, string]> {
  if (!isObject(all)) return Object.entries(fields(last)).map(([name, value]) => [name, text(value)]);
  return Object.entries(all).flatMap(([name, values]) => (values as unknown[]).map((value): [string, string] => [name, text(value)]));
}

function headers({ headers: last, multiValueHeaders: all }: Fields): Record<string, string> {
  const entries = isObject(all) ? Object.entries(all).map(([name, values]) => [name, (values as unknown[]).join(', ')]) : Object.entries(fields(last));
  return Object.fromEntries(entries.map(([name, value]) => [String(name).toLowerCase(), String(value)]));
}

function callersProperty({ authorizer, identity }: Fields, property: string, isSecond: boolean): string | undefined {
  const [, kind, name] = /^authorizer\.(\w+)\.(.+)$/s.exec(property) ?? [];
  const { claims, jwt, iam, lambda } = fields(authorizer);
  switch (kind) {
    case 'claims': return scalar(isSecond ? fields(jwt).claims : claims, name!);
    case 'lambda': return scalar(isSecond ? lambda : authorizer, name!);
    case 'iam': return isSecond ? scalar(iam, name!) : scalar(identity, REST_IAM[name!] ?? name!);
    default: return undefined;
  }
}

/** An own property that is a value; undefined for an empty one, which identifies nobody. */
function scalar(holder: unknown, name: string): string | undefined {
  if (!isObject(holder) || !Object.hasOwn(holder, name)) return undefined;
  const value = fields(holder)[name];
  return ['string', 'number', 'boolean'].includes(typeof value) && value !== '' ? String(value) : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function fields(value: unknown): Fields {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
