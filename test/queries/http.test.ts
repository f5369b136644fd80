import * as fs from 'fs';
import * as path from 'path';
import { App, CfnParameter, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { readConfig } from '../../lib-runtime/base/config';
import { DuckDbHttpOptions, DuckDbQueryFunction } from '../../src';
import { runtimeConfig, unbundledStack } from '../duckdb-function/unbundled';

const QUERIES = path.join(__dirname, '..', 'fixtures', 'queries');
const { BUFFERED, RESPONSE_STREAM } = lambda.InvokeMode;

let stack: Stack;
beforeEach(() => void (stack = unbundledStack()));

const declare = (http?: DuckDbHttpOptions) => new DuckDbQueryFunction(stack, 'Sales', { queries: QUERIES, http });
const warnings = () => Annotations.fromStack(stack).findWarning('*', Match.anyValue()).map(({ id, entry }) => [id, entry.data as string]);

test('the runtime reads what the construct writes', () => {
  const cors = {
    allowedOrigins: ['https://example.com'], allowCredentials: true, allowedHeaders: ['x-a'], exposedHeaders: ['etag'], maxAge: Duration.hours(1),
  };
  declare({ streaming: true, cors });
  const { maxAge, ...same } = cors;
  const { http } = readConfig({ DUCKDB_LAMBDA_CONFIG: JSON.stringify(runtimeConfig(stack)) });
  expect(http).toEqual({ streaming: true, cors: { ...same, maxAgeSeconds: 3600 } });
});

test.each<[DuckDbHttpOptions | undefined, object | undefined]>([
  [undefined, undefined],
  [{}, {}],
  [{ streaming: false }, {}],
  [{ cors: { allowedOrigins: ['*'] } }, { cors: { allowedOrigins: ['*'] } }],
])('of %j only what is declared', (http, config) => {
  declare(http);
  expect((runtimeConfig(stack) as { http?: object }).http).toEqual(config);
});

test('an origin may be a token', () => {
  const origin = new CfnParameter(stack, 'Origin').valueAsString;
  expect(() => declare({ cors: { allowedOrigins: [origin] } })).not.toThrow();
});

test.each<[unknown, RegExp]>([
  ['yes', /^the prop http of Stack\/Sales has as options "yes": expected an object with some of cors, streaming$/],
  [{ streamin: true }, /^the prop http of Stack\/Sales has the prop "streamin", which it does not know: expected among cors, streaming; did you mean "streaming"\?$/],
  [{ streaming: 'yes' }, /^the prop http of Stack\/Sales has the streaming "yes": expected true or false$/],
  [{ cors: {} }, /^the prop http\.cors of Stack\/Sales has the allowedOrigins undefined: expected a list such as \["https:\/\/example\.com"\]$/],
  [{ cors: { allowedOrigins: ['https://example.com/'] } }, /has the origin "https:\/\/example\.com\/": expected a scheme and a host as browsers send them/],
  [{ cors: { allowedOrigins: ['example.com'] } }, /has the origin "example\.com": expected a scheme and a host/],
  [{ cors: { allowedOrigins: ['*'], allowCredentials: true } }, /has allowCredentials with the origin "\*", which browsers refuse/],
  [{ cors: { allowedOrigins: ['*'], maxAge: Duration.millis(1) } }, /has the maxAge 1 ms: expected whole seconds/],
  [{ cors: { allowedOrigins: ['*'], exposedHeaders: 'etag' } }, /has the exposedHeaders "etag": expected a list/],
])('http: %j is refused', (http, message) => {
  expect(() => declare(http as DuckDbHttpOptions)).toThrow(message);
});

describe('a function URL', () => {
  test.each<[boolean | undefined, lambda.InvokeMode | undefined, RegExp | undefined]>([
    [undefined, undefined, undefined],
    [undefined, BUFFERED, undefined],
    [true, RESPONSE_STREAM, undefined],
    [undefined, RESPONSE_STREAM, /^this function URL streams, and Stack\/Sales does not, .*: set http: \{ streaming: true \} of the function/],
    [true, undefined, /^this function URL does not stream, and Stack\/Sales does, .*: add invokeMode: InvokeMode\.RESPONSE_STREAM/],
    [true, BUFFERED, /^this function URL does not stream/],
  ])('of a function with streaming %s and the invoke mode %s', (streaming, invokeMode, warning) => {
    const fn = declare(streaming === undefined ? undefined : { streaming });
    fn.addFunctionUrl({ invokeMode });
    expect(warnings()).toEqual(warning === undefined ? [] : [['/Stack/Sales/FunctionUrl/Resource', expect.stringMatching(warning)]]);
    expect(JSON.stringify(warnings())).toMatch(warning ? /ack: cdk-duckdb-lambda:invokeMode/ : /^\[\]$/);
  });

  test('that is declared elsewhere, or is an alias\'s', () => {
    const fn = declare();
    new lambda.FunctionUrl(stack, 'Url', { function: fn, invokeMode: RESPONSE_STREAM });
    new lambda.Alias(stack, 'Live', { aliasName: 'live', version: fn.currentVersion }).addFunctionUrl({ invokeMode: RESPONSE_STREAM });
    expect(warnings()).toHaveLength(2);
  });

  test('of another function is not looked at', () => {
    declare({ streaming: true, cors: { allowedOrigins: ['*'] } });
    const other = new lambda.Function(stack, 'Other', { runtime: lambda.Runtime.NODEJS_22_X, handler: 'index.handler', code: lambda.Code.fromInline('x') });
    other.addFunctionUrl({ cors: { allowedOrigins: ['*'] } });
    expect(warnings()).toEqual([]);
  });

  test('with CORS settings beside those of the function', () => {
    declare({ cors: { allowedOrigins: ['*'] } }).addFunctionUrl({ cors: { allowedOrigins: ['*'] } });
    expect(warnings()).toEqual([['/Stack/Sales/FunctionUrl/Resource', expect.stringMatching(/have CORS settings, .*\[ack: cdk-duckdb-lambda:cors\]$/s)]]);
  });
});

test('the OpenAPI document lies beside the template, the same for everyone', () => {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
  stack = new Stack(app, 'Stack');
  declare({});
  new DuckDbQueryFunction(stack, 'Other', { queries: QUERIES });
  const { directory } = app.synth();
  const documents = fs.readdirSync(directory).filter((file) => file.endsWith('.openapi.json'));
  expect(documents).toEqual([expect.stringMatching(/^StackSales[0-9A-F]{8}\.openapi\.json$/)]);
  const document = JSON.parse(fs.readFileSync(path.join(directory, documents[0]), 'utf8'));
  expect(Object.keys(document.paths)).toEqual(['/monthly-sales', '/reports/daily']);
  expect(document.paths['/monthly-sales'].get.parameters).toMatchObject([{ name: 'month', required: false }, { name: 'least', required: true }]);
});

test('a query whose rows the description of the API would hide is refused, if there is HTTP', () => {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync('/tmp'), 'own-queries-'));
  fs.mkdirSync(path.join(folder, 'v1'));
  for (const name of ['openapi', 'v1/openapi']) fs.writeFileSync(path.join(folder, `${name}.sql`), 'SELECT 1');
  const make = (id: string, http?: DuckDbHttpOptions) => () => new DuckDbQueryFunction(stack, id, { queries: folder, http });
  expect(make('Sales', {})).toThrow(`the queries of Stack/Sales have an error:\n${folder}/openapi.sql: received the name "openapi", but GET /openapi.json is the `
    + 'description of the API, and not rows: rename the file');
  expect(make('Direct')).not.toThrow();
  // An app reads a folder once.
  stack = unbundledStack();
  fs.rmSync(path.join(folder, 'openapi.sql'));
  expect(make('Sales', {})).not.toThrow();
  fs.rmSync(folder, { recursive: true });
});

test('a query says which parameters follow from the caller', () => {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync('/tmp'), 'own-queries-'));
  fs.writeFileSync(path.join(folder, 'own.sql'), '-- @param tenant VARCHAR\n-- @from tenant authorizer.claims.tenant\nSELECT $tenant');
  expect(new DuckDbQueryFunction(stack, 'Own', { queries: folder }).queries[0].parameters).toEqual([
    { name: 'tenant', type: 'VARCHAR', isRequired: false, from: 'authorizer.claims.tenant' },
  ]);
  fs.rmSync(folder, { recursive: true });
});
