import { isUtf8 } from 'node:buffer';
import { HttpProblem } from './problem';

/** An HTTP request, as a function URL or API Gateway passes it on. */
export interface HttpRequest {
  readonly method: string;
  /** The path below that of the API, decoded, without the slash at its beginning: `reports/daily`. */
  readonly path: string;
  /** The path of the API, without a slash at its end: empty, or a stage such as `/dev`. */
  readonly basePath: string;
  /** The names and values of the query string, in its order. Throws an `HttpProblem` if it is not UTF-8. */
  readonly query: () => ReadonlyArray<readonly [name: string, value: string]>;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The text of the body. Throws an `HttpProblem` if it is not UTF-8. */
  readonly body: () => string;
  /**
   * What the service in front of the function knows of the caller, for a name such as `authorizer.claims.tenant`: a text, or the list or the object that
   * a Lambda authorizer has returned.
   */
  readonly caller: (property: string) => string | object | undefined;
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
    query: () => (isSecond ? secondQuery(text(event.rawQueryString)) : firstQuery(event)),
    headers: headers(event),
    body: () => bodyText(event),
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
  const proxied = typeof greedy === 'string' ? decoded(greedy) : version === undefined ? whole : withoutStage(whole, stage);
  const below = proxied.replace(/^\/+/, '');
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

/** Format 2.0 has the query string as it was sent. */
function secondQuery(raw: string): Array<[string, string]> {
  try {
    // `URLSearchParams` would replace what is not UTF-8.
    raw.match(/(?:%[\da-f]{2})+/gi)?.forEach((bytes) => decodeURIComponent(bytes));
  } catch {
    throw new HttpProblem(400, 'the query string has bytes that are not UTF-8: encode its values as UTF-8, as in %C3%A9');
  }
  return [...new URLSearchParams(raw)];
}

/** Format 1.0 has decoded values: the last of each name, and all of them. */
function firstQuery({ multiValueQueryStringParameters: all, queryStringParameters: last }: Fields): Array<[string, string]> {
  if (!isObject(all)) return Object.entries(fields(last)).map(([name, value]) => [name, text(value)]);
  return Object.entries(all).flatMap(([name, values]) => (values as unknown[]).map((value): [string, string] => [name, text(value)]));
}

function bodyText({ body, isBase64Encoded }: Fields): string {
  if (body === undefined || body === null) return '';
  if (typeof body !== 'string') throw new HttpProblem(400, 'received a body that is not text');
  if (isBase64Encoded !== true) return body;
  const bytes = Buffer.from(body, 'base64');
  // Node.js ignores what is not base64.
  if (bytes.toString('base64') === body && isUtf8(bytes)) return bytes.toString('utf8');
  throw new HttpProblem(400, 'received a body that is not text in UTF-8');
}

function headers({ headers: last, multiValueHeaders: all }: Fields): Record<string, string> {
  const entries = isObject(all) ? Object.entries(all).map(([name, values]) => [name, (values as unknown[]).join(', ')]) : Object.entries(fields(last));
  return Object.fromEntries(entries.map(([name, value]) => [String(name).toLowerCase(), String(value)]));
}

function callersProperty({ authorizer, identity }: Fields, property: string, isSecond: boolean): string | object | undefined {
  const [, kind, name] = /^authorizer\.(\w+)\.(.+)$/s.exec(property) ?? [];
  const { claims, jwt, iam, lambda } = fields(authorizer);
  switch (kind) {
    case 'claims': return own(isSecond ? fields(jwt).claims : claims, name!);
    case 'lambda': return own(isSecond ? lambda : authorizer, name!);
    case 'iam': return isSecond ? own(iam, name!) : own(identity, REST_IAM[name!] ?? name!);
    default: return undefined;
  }
}

/** An own property; undefined for an empty one, which identifies nobody. Parameters take numbers and booleans as text too. */
function own(holder: unknown, name: string): string | object | undefined {
  if (!isObject(holder) || !Object.hasOwn(holder, name)) return undefined;
  const value: unknown = fields(holder)[name];
  return value === '' || value === null || value === undefined ? undefined : isObject(value) ? value : String(value);
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
