/** What an HTTP client asks for. */
export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text, unless an event is wrong. */
  readonly body?: string | object;
  /** Whether the service has encoded the body, as it does for types that it takes for binary. */
  readonly isBase64Encoded?: boolean;
  /** The claims of the caller's token, or its IAM identity. */
  readonly caller?: Readonly<Record<string, string>>;
}

type Shape = (asked: Asked) => object;

const BASE = {
  accountId: '123456789012',
  requestId: 'id',
  time: '12/Mar/2020:19:03:58 +0000',
  timeEpoch: 1583348638390,
};

function lists(entries: Iterable<readonly [string, string]>): Record<string, string[]> {
  const all: Record<string, string[]> = {};
  for (const [name, value] of entries) (all[name] ??= []).push(value);
  return all;
}

const joined = (all: Record<string, string[]>) => Object.fromEntries(Object.entries(all).map(([name, values]) => [name, values.join(',')]));
const last = (all: Record<string, string[]>) => Object.fromEntries(Object.entries(all).map(([name, values]) => [name, values.at(-1)!]));
const orNull = (all: object) => (Object.keys(all).length === 0 ? null : all);

/** Format 2.0, which function URLs and HTTP APIs have. */
function second({ method = 'GET', path, query = '', headers = {}, body, isBase64Encoded = false }: Asked, context: object, rest: object) {
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    headers,
    queryStringParameters: joined(lists(new URLSearchParams(query))),
    requestContext: {
      ...BASE,
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '123.123.123.123', userAgent: 'agent' },
      routeKey: '$default',
      stage: '$default',
      ...context,
    },
    body,
    isBase64Encoded,
    ...rest,
  };
}

/** Format 1.0, which REST APIs and HTTP APIs have. Names of headers are as the client wrote them. */
function first({ method = 'GET', path, query = '', headers = {}, body, isBase64Encoded = false }: Asked, context: object, rest: object) {
  const values = lists(new URLSearchParams(query));
  const headerValues = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()), [value]]));
  return {
    resource: '/{proxy+}',
    path,
    httpMethod: method,
    headers: orNull(last(headerValues)),
    multiValueHeaders: orNull(headerValues),
    queryStringParameters: orNull(last(values)),
    multiValueQueryStringParameters: orNull(values),
    requestContext: {
      accountId: '123456789012',
      apiId: 'id',
      domainName: 'id.execute-api.us-east-1.amazonaws.com',
      httpMethod: method,
      path,
      protocol: 'HTTP/1.1',
      requestId: 'id=',
      requestTime: '04/Mar/2020:19:15:17 +0000',
      resourcePath: '/{proxy+}',
      stage: '$default',
      ...context,
    },
    stageVariables: null,
    body: body ?? null,
    isBase64Encoded,
    ...rest,
  };
}

const identity = (user: object) => ({
  accessKey: null, accountId: null, caller: null, cognitoIdentityId: null, principalOrgId: null, sourceIp: 'IP', user: null, userAgent: 'user-agent', userArn: null, ...user,
});

/**
 * The events of the services that invoke functions for HTTP requests, as AWS documents them:
 * https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html,
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html and
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
export const SHAPES = {
  functionUrl: (asked) => second(asked, {
    apiId: '<urlid>',
    authentication: null,
    authorizer: asked.caller && { iam: { accessKey: 'AKIA...', callerId: 'AIDA...', cognitoIdentity: null, principalOrgId: null, userId: 'AIDA...', ...asked.caller } },
    domainName: '<url-id>.lambda-url.us-west-2.on.aws',
    domainPrefix: '<url-id>',
  }, { pathParameters: null, stageVariables: null }),
  httpApi2: (asked) => second(asked, {
    apiId: 'api-id',
    authorizer: asked.caller && { jwt: { claims: asked.caller, scopes: ['scope1', 'scope2'] }, lambda: { fromLambda: 'yes' } },
    domainName: 'id.execute-api.us-east-1.amazonaws.com',
    domainPrefix: 'id',
  }, { cookies: ['cookie1', 'cookie2'], stageVariables: { stageVariable1: 'value1' } }),
  httpApi1: (asked) => ({ version: '1.0', ...first(asked, { authorizer: { claims: asked.caller ?? null, scopes: null }, identity: identity({}) }, { pathParameters: null }) }),
  restApi: (asked) => first(asked, {
    authorizer: asked.caller && { claims: asked.caller },
    identity: identity(asked.caller?.userArn === undefined ? {} : { caller: 'AIDA...', user: 'AIDA...', ...asked.caller }),
    path: `/prod${asked.path}`,
    stage: 'prod',
  }, { pathParameters: { proxy: asked.path.slice(1) } }),
} satisfies Record<string, Shape>;

export type Service = keyof typeof SHAPES;
export const SERVICES = Object.keys(SHAPES) as Service[];
