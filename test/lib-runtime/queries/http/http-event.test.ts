import { SERVICES, SHAPES } from './events';
import { asking, at } from './http-bed';
import type { QueryHttpEvent } from '../../../../lib-runtime';
import { isHttpEvent, readHttpEvent } from '../../../../lib-runtime/queries/http/http-event';
import { freshRuntime } from '../../fresh-runtime';
import { rejection } from '../../rejection';
import { queryFolder } from '../query-bed';

const QUERIES = {
  'monthly-sales': "-- @param month VARCHAR = '2025-01'\n-- @param ids INTEGER[] = []\nSELECT $month AS month, $ids AS ids",
  'reports/daily': 'SELECT 1 AS one',
  'mine': '-- @param tenant VARCHAR\n-- @from tenant authorizer.claims.tenant\nSELECT $tenant AS tenant',
  'caller': '-- @param arn VARCHAR\n-- @from arn authorizer.iam.userArn\nSELECT $arn AS arn',
  'groups': '-- @param groups VARCHAR\n-- @from groups authorizer.claims.cognito:groups\nSELECT $groups AS groups',
  'listed': '-- @param groups VARCHAR[]\n-- @from groups authorizer.lambda.groups\nSELECT $groups AS groups',
  'numbered': '-- @param tenant INTEGER\n-- @from tenant authorizer.claims.tenant\nSELECT $tenant AS tenant',
  'checked': '-- @param ok VARCHAR\n-- @from ok authorizer.lambda.fromLambda\nSELECT $ok AS ok',
};

describe.each(SERVICES)('%s', (service) => {
  const ask = (asked: Parameters<ReturnType<typeof asking>>[0]) => asking(freshRuntime(), QUERIES)(asked, service);
  const rows = async (asked: Parameters<typeof ask>[0]) => JSON.parse((await ask(asked)).text).rows;

  test('a GET with parameters, of which a list is repeated', async () => {
    expect(await rows('/monthly-sales?month=2025-02%20%26%20a%2Bb&ids=3&ids=-4')).toEqual([{ month: '2025-02 & a+b', ids: [3, -4] }]);
    expect(await rows('/monthly-sales')).toEqual([{ month: '2025-01', ids: [] }]);
    expect(await rows('/monthly-sales?month=')).toEqual([{ month: '', ids: [] }]);
    expect(await rows('/reports/daily')).toEqual([{ one: 1 }]);
  });

  test('a POST with JSON, also as base64', async () => {
    const body = '{"month":"März","ids":[1,null]}';
    const post = { method: 'POST', path: '/monthly-sales', headers: { 'content-type': 'application/json; charset=utf-8' } };
    expect(await rows({ ...post, body })).toEqual([{ month: 'März', ids: [1, null] }]);
    expect(await rows({ ...post, body: Buffer.from(body).toString('base64'), isBase64Encoded: true })).toEqual([{ month: 'März', ids: [1, null] }]);
    expect(await rows({ method: 'POST', path: '/monthly-sales' })).toEqual([{ month: '2025-01', ids: [] }]);
  });

  test('headers, whatever their case', async () => {
    expect((await ask(at('/reports/daily', { headers: { accept: 'text/csv' } }))).text).toBe('one\r\n1\r\n');
  });

  test('the base64 of bytes', async () => {
    const { bytes } = await ask('/reports/daily.parquet');
    expect([bytes.subarray(0, 4).toString(), bytes.subarray(-4).toString()]).toEqual(['PAR1', 'PAR1']);
  });
});

describe('what the caller is', () => {
  let ask: ReturnType<typeof asking>;
  beforeEach(() => void (ask = asking(freshRuntime(), QUERIES)));

  test.each(['httpApi2', 'httpApi1', 'restApi'] as const)('claims of %s', async (service) => {
    expect(JSON.parse((await ask(at('/mine', { caller: { tenant: 'acme' } }), service)).text).rows).toEqual([{ tenant: 'acme' }]);
    const without: Array<Record<string, string> | undefined> = [undefined, {}, { tenant: '' }, { Tenant: 'acme' }];
    for (const caller of without) {
      expect((await ask(at('/mine', { caller }), service)).status).toBe(403);
    }
  });

  test.each(['functionUrl', 'restApi'] as const)('the identity of a signed request of %s', async (service) => {
    const caller = { userArn: 'arn:aws:iam::111122223333:user/example-user' };
    expect(JSON.parse((await ask(at('/caller', { caller }), service)).text).rows).toEqual([{ arn: caller.userArn }]);
    expect((await ask('/caller', service)).status).toBe(403);
  });

  test('what a Lambda authorizer has returned', async () => {
    expect(JSON.parse((await ask(at('/checked', { caller: {} }), 'httpApi2')).text).rows).toEqual([{ ok: 'yes' }]);
    expect((await ask('/checked', 'restApi')).status).toBe(403);
  });

  test('the list and the text of several values that an authorizer has returned', async () => {
    const { requestContext, ...event } = SHAPES.httpApi2({ path: '/listed' }) as { requestContext: object };
    const handler = freshRuntime().queryHandler({ queries: queryFolder(QUERIES) });
    const { body } = await handler({ ...event, requestContext: { ...requestContext, authorizer: { lambda: { groups: ['admin', 'a b'] } } } });
    expect(JSON.parse(body).rows).toEqual([{ groups: ['admin', 'a b'] }]);
    expect(JSON.parse((await ask(at('/groups', { caller: { 'cognito:groups': '[admin a]' } }), 'httpApi2')).text).rows).toMatchObject([{ groups: '[admin a]' }]);
  });

  test('what does not have the type of its parameter is not the caller\'s fault, and the log says so', async () => {
    const logged = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    expect(await ask(at('/numbered', { caller: { tenant: 'acme' } }), 'httpApi2')).toMatchObject({ status: 500, text: expect.not.stringContaining('acme') });
    expect(logged).toHaveBeenCalledWith(expect.any(String), expect.stringMatching(/^authorizer\.claims\.tenant of the caller is "acme", expected a whole number/));
    logged.mockRestore();
  });

  test('a claim whose name is a URL, and none of the prototype', () => {
    const event = SHAPES.httpApi2({ path: '/', caller: { 'https://example.com/tenant': 'acme' } });
    const { caller } = readHttpEvent(event);
    expect(caller('authorizer.claims.https://example.com/tenant')).toBe('acme');
    for (const name of ['constructor', '__proto__', 'toString', 'tenant']) expect(caller(`authorizer.claims.${name}`)).toBeUndefined();
  });

  test.each(['tenant', 'TENANT'])('a request cannot give it as %s', async (name) => {
    const caller = { tenant: 'acme' };
    expect((await ask(at(`/mine?${name}=other`, { caller }), 'httpApi2')).status).toBe(400);
    const post = { method: 'POST', path: '/mine', caller, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ [name]: 'other' }) };
    expect((await ask(post, 'httpApi2')).status).toBe(400);
  });

  test('an event cannot ask for the query at all', async () => {
    const handler = freshRuntime().queryHandler({ queries: queryFolder(QUERIES) });
    for (const params of [undefined, { tenant: 'acme' }]) {
      expect(await rejection(handler({ query: 'mine', params }))).toMatchObject({
        name: 'ParameterError', message: expect.stringContaining('the parameter $tenant of "mine" is authorizer.claims.tenant of an HTTP request\'s caller'),
      });
    }
  });
});

describe('paths', () => {
  test.each<[string, object, string, string]>([
    ['a function URL', SHAPES.functionUrl({ path: '/reports/daily' }), 'reports/daily', ''],
    ['an encoded one', SHAPES.functionUrl({ path: '/reports%2Fdaily' }), 'reports/daily', ''],
    ['one that cannot be decoded', SHAPES.functionUrl({ path: '/100%' }), '100%', ''],
    ['a stage of an HTTP API', { ...SHAPES.httpApi2({ path: '/dev/daily' }), requestContext: { http: { method: 'GET' }, stage: 'dev' } }, 'daily', '/dev'],
    ['a route of an HTTP API', { ...SHAPES.httpApi2({ path: '/v1/queries/daily' }), pathParameters: { proxy: 'daily' } }, 'daily', '/v1/queries'],
    ['a stage of a REST API', SHAPES.restApi({ path: '/daily' }), 'daily', '/prod'],
  ])('of %s', (_, event, path, basePath) => {
    expect(readHttpEvent(event)).toMatchObject({ path, basePath });
  });
});

test.each([
  ['a direct event', { query: 'a' }],
  ['an event of S3', { Records: [] }],
  ['nothing', null],
])('%s is not HTTP', (_, event) => expect(isHttpEvent(event)).toBe(false));

test.each([
  ['a load balancer, whose values are encoded in another way', { requestContext: { elb: {} }, httpMethod: 'GET', path: '/' }],
  ['VPC Lattice', { version: '2.0', path: '/', method: 'GET', requestContext: { serviceNetworkArn: 'arn' } }],
  ['VPC Lattice, in format 1.0', { raw_path: '/', method: 'GET', headers: {} }],
  ['a WebSocket API', { requestContext: { routeKey: '$connect', connectionId: 'id' } }],
])('an event of %s is refused as such', async (_, event) => {
  const handler = freshRuntime().queryHandler({ queries: queryFolder(QUERIES) });
  expect(await rejection(handler(event as QueryHttpEvent))).toMatchObject({ name: 'ConfigError', message: expect.stringMatching(/^the event is one of a service that is not supported/) });
});
