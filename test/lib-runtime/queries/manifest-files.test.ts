import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { objectPath, queryFolder, removeResults, resultKeys, resultsEnvironment } from './query-bed';
import { S3Objects } from '../../../lib-runtime/aws/s3-objects';
import { operationCounts, startFarS3, startS3, type FarS3Server, type S3Server } from '../../bed';
import { freshRuntime, type Runtime } from '../fresh-runtime';
import { type Front, frontOf } from '../front';
import { rejection } from '../rejection';
import { signedExtensions } from '../signed-extensions';

type Handler = ReturnType<Runtime['queryHandler']>;
type Event = Parameters<Handler>[0];

const QUERIES = {
  'worker': '-- @param first BIGINT\n-- @param rows BIGINT = 100\nSELECT range AS i FROM range($first, $first + $rows)',
  'doubles': 'SELECT 0.5::DOUBLE AS i',
  'sum': '-- @param files VARCHAR[]\nSELECT sum(i) AS s, count(*) AS n FROM read_parquet($files)',
  'sum-json': '-- @param files VARCHAR[]\nSELECT sum(i) AS s, count(*) AS n FROM read_json($files, columns = {i: \'BIGINT\'})',
  'files': '-- @param files VARCHAR[]\nSELECT unnest($files) AS file',
  'count': '-- @param Files TEXT [] = []\nSELECT len($FILES) AS n',
  'none': 'SELECT 1 AS one',
  'text': '-- @param files VARCHAR\nSELECT $files AS files',
};
/** The sum and the number of the integers below `n`. */
const all = (n: number) => ({ rows: [{ s: n * (n - 1) / 2, n }] });

let s3: S3Server;
let far: FarS3Server;
let front: Front;
let baked: string;
/** The prefix of a run. rclone remembers folders, so each test has its own. */
let run = 'totals/run-0/';
let runs = 0;

beforeAll(async () => {
  [s3, far, baked] = await Promise.all([startS3(), startFarS3({ tls: false }), signedExtensions('httpfs')]);
  front = await frontOf(far.endpoint);
}, 120_000);
afterAll(() => Promise.all([s3?.stop(), front?.stop(), far?.stop()]));
beforeEach(() => {
  run = `totals/run-${++runs}/`;
  removeResults(s3, far);
  front.requests.length = 0;
  front.fault = () => undefined;
});

/** A handler whose results are on `server`. */
function handlerOf(server: S3Server | FarS3Server = far, env: Record<string, string> = {}): Handler {
  return freshRuntime({ ...resultsEnvironment(server, baked), ...env }).queryHandler({ queries: queryFolder(QUERIES) });
}
const failure = (handler: Handler, event: object) => rejection(handler(event as Event));
/** What the worker of an index writes: a hundred integers, or `rows`. */
const work = (handler: Handler, index: number, { query = 'worker', format = 'parquet', rows = 100 }: { query?: string; format?: string; rows?: number } = {}) => handler({
  query, ...query === 'worker' && { params: { first: 100 * index, rows } }, output: { format, key: `${run}${index}.json` },
} as Event);
const urlOf = (key: string) => `s3://results/out/${key}`;

/** The manifest of an index. */
function manifestText(index: number, changes: object = {}): string {
  const files = [{ url: urlOf(`${run}${index}/attempt/data.parquet`), rows: 1, bytes: 10 }];
  return JSON.stringify({ version: 1, query: 'worker', parameters: [], format: 'parquet', rowCount: 1, bytes: 10, columns: [{ name: 'i', type: 'BIGINT' }], files, ...changes });
}
/** Puts a manifest there without its data, as anyone could. */
const putManifest = (index: number, changes: object = {}) => putText(`${run}${index}.json`, manifestText(index, changes));
function putText(key: string, text: string): void {
  const path = objectPath(far, urlOf(key));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

describe.each([['rclone', () => s3, 200], ['the far S3', () => far, 20]] as const)('manifests on %s', (_, server, workers) => {
  test(`of ${workers} workers give all of their files, in the order of the indexes`, async () => {
    const handler = handlerOf(server());
    for (let index = workers - 1; index >= 0; index--) await work(handler, index);
    const event = { manifests: run, manifestCount: workers };
    expect(await handler({ query: 'sum', ...event })).toMatchObject(all(100 * workers));
    const { rows } = await handler({ query: 'files', ...event }) as unknown as { rows: { file: string }[] };
    expect(rows.map(({ file }) => file.slice(urlOf(run).length).split('/')[0])).toEqual(Array.from({ length: workers }, (__, index) => `${index}`));
  }, 120_000);

  test('that are 1,200 are all read, and nothing else in the folder', async () => {
    const handler = handlerOf(server());
    const objects = new S3Objects('results', { region: server().region, endpoint: server().endpoint }, process.env);
    const put = (key: string, text: string) => objects.put(`out/${key}`, text, 'application/json');
    for (let index = 0; index < 1_200; index++) await put(`${run}${index}.json`, manifestText(index));
    for (const name of ['manifest', '01', '-1', '1.5', '1e3', 'x/7', '1200/7', '0/attempt/0', '_SUCCESS']) await put(`${run}${name}.json`, 'not a manifest of a worker');
    await put(`${run.slice(0, -1)}0/0.json`, 'of another run');
    expect(await handler({ query: 'count', manifests: run })).toMatchObject({ rows: [{ n: 1_200 }] });
  }, 60_000);

  test('of a worker that has run twice count once, and its other attempt does not count', async () => {
    const handler = handlerOf(server());
    for (const index of [0, 1, 1, 2, 1]) await work(handler, index);
    expect(resultKeys(server()).filter((key) => key.endsWith('.parquet'))).toHaveLength(5);
    expect(await handler({ query: 'sum', manifests: run, manifestCount: 3 })).toMatchObject(all(300));
  });

  test.each(['parquet', 'ndjson'])('of results without rows in %s count as results', async (format) => {
    const handler = handlerOf(server());
    for (const index of [0, 1, 2, 3]) await work(handler, index, { format, rows: index < 2 ? 100 : 0 });
    expect(await handler({ query: format === 'parquet' ? 'sum' : 'sum-json', manifests: run, manifestCount: 4 })).toMatchObject(all(200));
  });
});

test('the result of a reducer is a file if the event asks for one, with a manifest of its own', async () => {
  const handler = handlerOf();
  for (const index of [0, 1]) await work(handler, index);
  const answer = await handler({ query: 'sum', manifests: run, output: { format: 'json', key: 'totals/reduced.json' } });
  expect(answer).toMatchObject({ manifest: urlOf('totals/reduced.json'), rowCount: 1 });
});

describe('requests', () => {
  const manifestsAlone = async (count: number) => {
    for (let index = 0; index < count; index++) putManifest(index);
    const handler = handlerOf();
    await far.reset();
    await handler({ query: 'count', manifests: run });
    return operationCounts(await far.traffic());
  };

  test('are one list for 1,000 entries, and one for each manifest', async () => {
    expect(await manifestsAlone(200)).toEqual({ ListObjectsV2: 1, GetObject: 200 });
    expect(await manifestsAlone(1_200)).toEqual({ ListObjectsV2: 2, GetObject: 1_200 });
  }, 60_000);

  test('are two more for each file of a few rows, which DuckDB sends', async () => {
    const handler = handlerOf();
    for (let index = 0; index < 20; index++) await work(handler, index);
    await far.reset();
    expect(await handler({ query: 'sum', manifests: run })).toMatchObject(all(2_000));
    expect(operationCounts(await far.traffic())).toEqual({ ListObjectsV2: 1, GetObject: 40, HeadObject: 20 });
  });

  test('for manifests wait side by side', async () => {
    for (let index = 0; index < 320; index++) putManifest(index);
    const handler = handlerOf();
    await handler({ query: 'none' });
    await far.setDelay(50);
    const start = Date.now();
    await handler({ query: 'count', manifests: run }).finally(() => far.setDelay(0));
    // One after the other, they would take 16 s.
    expect(Date.now() - start).toBeLessThan(5_000);
  }, 60_000);

  test('of a query without manifests are what they were', async () => {
    const handler = handlerOf();
    await far.reset();
    await handler({ query: 'none' });
    expect(operationCounts(await far.traffic())).toEqual({});
  });
});

describe('too few manifests', () => {
  let handler: Handler;
  beforeAll(() => void (handler = handlerOf()));
  test('are an error after which another attempt may succeed, and it says which are missing', async () => {
    for (const index of [0, 2, 3, 7]) putManifest(index);
    expect(await failure(handler, { query: 'sum', manifests: run, manifestCount: 9 })).toMatchObject({
      name: 'DuckDbRetryableError',
      code: 'QUERY',
      message: expect.stringContaining(`there are 4 manifests below ${urlOf(run)}, expected 9: if each worker has one item, without 1, 4 to 6, 8; a result without a manifest does not exist`),
    });
  });

  test('of batches are not guessed', async () => {
    for (const index of [0, 100, 300]) putManifest(index);
    const { message } = await failure(handler, { query: 'sum', manifests: run, manifestCount: 4 });
    expect(message).toContain(`there are 3 manifests below ${urlOf(run)}, expected 4; a result without`);
  });

  test('in many places are shown in part', async () => {
    for (let index = 0; index < 100; index += 2) putManifest(index);
    const { message } = await failure(handler, { query: 'sum', manifests: run, manifestCount: 100 });
    expect(message).toMatch(/without 1, 3, .*, 39 \.\.\.; /);
  });

  test('are none at all: an error, unless the parameter has a default', async () => {
    expect(await failure(handler, { query: 'sum', manifests: run })).toMatchObject({
      name: 'QueryError', retryable: false, message: expect.stringMatching(/^there is no manifest below s3:\/\/results\/out\/totals\/run-\d+\/: .*@param files VARCHAR\[\] = \[\]/),
    });
    expect(await failure(handler, { query: 'count', manifests: run, manifestCount: 1 })).toMatchObject({ name: 'DuckDbRetryableError' });
    expect(await handler({ query: 'count', manifests: run, manifestCount: 0 })).toMatchObject({ rows: [{ n: 0 }] });
    expect(await handler({ query: 'count', manifests: run })).toMatchObject({ rows: [{ n: 0 }] });
  });

  test('are not more than expected: a worker whose answer was lost has a result', async () => {
    for (const index of [0, 1, 2]) putManifest(index);
    expect(await handler({ query: 'count', manifests: run, manifestCount: 2 })).toMatchObject({ rows: [{ n: 3 }] });
  });
});

describe('a manifest that is refused', () => {
  let handler: Handler;
  beforeAll(() => void (handler = handlerOf()));
  const FILE = { url: 's3://results/out/RUN/1/attempt/data.parquet', rows: 1, bytes: 10 };
  const elsewhere = (url: string) => ({ files: [{ ...FILE, url }] });

  test.each<[string, string | object, RegExp]>([
    ['not JSON', '{ "version": 1,', /JSON/],
    ['no object', '[]', /it is \[\], expected an object/],
    ['of another version', { version: 2 }, /version is 2, expected 1/],
    ['without a query', { query: null }, /query is null, expected the name/],
    ['of a format that does not exist', { format: 'xml' }, /format is "xml", expected one of: parquet, csv/],
    ['of a number of rows that is none', { rowCount: '1' }, /rowCount is "1", expected/],
    ['whose files have other rows', { rowCount: 2 }, /its files have 1 rows, and it says 2/],
    ['whose files have other bytes', { bytes: 11 }, /its files have 10 bytes, and it says 11/],
    ['without columns', { columns: [] }, /columns is \[\], expected a list/],
    ['with a column without a type', { columns: [{ name: 'i' }] }, /columns is .* expected a list of \{ name, type \}/],
    ['without files', { files: [] }, /files is \[\], expected a list/],
    ['with a file that is none', { files: [null] }, /files is \[null\], expected a list/],
    ['with a negative size', { files: [{ ...FILE, bytes: -1 }] }, /files is .*-1/],
    ['with a file of the machine', elsewhere('/etc/passwd'), /files is .*passwd/],
    ['with a file of another server', elsewhere('https://example.com/data.parquet'), /files is .*example/],
    ['with a file of another bucket', elsewhere('s3://other/data.parquet'), /files is .*other/],
    ['with a file of another worker', elsewhere('s3://results/out/RUN/10/attempt/data.parquet'), /files is .*10\/attempt/],
    ['with a file above its folder', elsewhere('s3://results/out/RUN/1/../0/data.parquet'), /files is .*\.\./],
    ['with a pattern', elsewhere('s3://results/out/RUN/1/*/data.parquet'), /files is .*\*/],
    ['with parameters in a URL', elsewhere('s3://results/out/RUN/1/a/data.parquet?s3_endpoint=example.com'), /files is .*example/],
  ])('because it is %s', async (_, changes, message) => {
    putManifest(0);
    if (typeof changes === 'string') putText(`${run}1.json`, changes);
    else putManifest(1, JSON.parse(JSON.stringify(changes).replaceAll('RUN/', run)));
    const error = await failure(handler, { query: 'count', manifests: run });
    expect(error).toMatchObject({ name: 'QueryError', retryable: false });
    expect(error.message).toMatch(new RegExp(`^s3://\\S+/1\\.json is not the manifest of a result: .*${message.source}.*; remove it, and let its worker run again$`));
  });

  test('because it is too large to be one', async () => {
    putText(`${run}0.json`, ' '.repeat(4 * 1024 * 1024 + 1));
    expect(await failure(handler, { query: 'count', manifests: run })).toMatchObject({ name: 'QueryError', message: expect.stringContaining('has 4194305 bytes') });
  });

  test.each<[string, object]>([
    ['format', { format: 'csv' }], ['query', { query: 'other' }], ['columns', { columns: [{ name: 'i', type: 'DOUBLE' }] }], ['columns', { columns: [{ name: 'j', type: 'BIGINT' }] }],
  ])('because its %s is not that of the others', async (fact, changes) => {
    putManifest(0);
    putManifest(1, changes);
    expect(await failure(handler, { query: 'count', manifests: run })).toMatchObject({
      name: 'QueryError', retryable: false, message: expect.stringMatching(new RegExp(`^the results are not alike: the ${fact} of s3://\\S+: .+, of s3://\\S+: .+; expected one`)),
    });
  });
});

test('a worker with another type is an error, because DuckDB would round its values', async () => {
  const handler = handlerOf();
  await work(handler, 0);
  await work(handler, 1, { query: 'doubles' });
  expect(await failure(handler, { query: 'sum', manifests: run })).toMatchObject({ name: 'QueryError', message: expect.stringContaining('the results are not alike') });
});

describe('S3', () => {
  const throughFront = () => handlerOf(far, { AWS_ENDPOINT_URL_S3: front.endpoint });
  const isManifest = (what: string) => /\/\d+\.json/.test(what);

  test('that refuses is an error that names the permission', async () => {
    putManifest(0);
    const body = '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>';
    front.fault = () => ({ status: 403, body });
    expect(await failure(throughFront(), { query: 'count', manifests: run })).toMatchObject({
      name: 'QueryError', message: expect.stringMatching(/^cannot list s3:\/\/results\/out\/totals\/run-\d+\/: AccessDenied.*needs s3:ListBucket/),
    });
    front.fault = (what) => (isManifest(what) ? { status: 403, body } : undefined);
    expect(await failure(throughFront(), { query: 'count', manifests: run })).toMatchObject({
      name: 'QueryError', message: expect.stringMatching(/^cannot read s3:\/\/results\/out\/totals\/run-\d+\/0\.json: AccessDenied.*needs s3:GetObject/),
    });
  });

  test('that refuses is not asked for all the others', async () => {
    for (let index = 0; index < 300; index++) putManifest(index);
    front.fault = (what) => (isManifest(what) ? { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' } : undefined);
    await failure(throughFront(), { query: 'count', manifests: run });
    expect(front.requests.length).toBeLessThan(100);
  });

  test('that is busy is asked again, and an error that stays is retryable', async () => {
    putManifest(0);
    const fault = { status: 503, body: '<Error><Code>SlowDown</Code></Error>' };
    front.fault = (_what, count) => (count < 3 ? fault : undefined);
    expect(await throughFront()({ query: 'count', manifests: run })).toMatchObject({ rows: [{ n: 1 }] });
    front.fault = () => fault;
    expect(await failure(throughFront(), { query: 'count', manifests: run })).toMatchObject({ name: 'DuckDbRetryableError', message: expect.stringContaining('SlowDown') });
  }, 30_000);

  test('that no longer has a listed manifest is a retryable error', async () => {
    putManifest(0);
    front.fault = (what) => (isManifest(what) ? { status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' } : undefined);
    expect(await failure(throughFront(), { query: 'count', manifests: run })).toMatchObject({ name: 'DuckDbRetryableError', message: expect.stringContaining('is no longer there') });
  });

  test('that is slow does not hold an invocation beyond its deadline', async () => {
    for (let index = 0; index < 100; index++) putManifest(index);
    const handler = handlerOf();
    await handler({ query: 'none' });
    await far.setDelay(1_000);
    const deadline = Date.now() + 2_000;
    const error = await rejection(handler({ query: 'count', manifests: run }, { getRemainingTimeInMillis: () => deadline - Date.now() })).finally(() => far.setDelay(0));
    expect(error).toMatchObject({ name: 'DuckDbRetryableError', message: expect.stringMatching(/^TIMEOUT: .*reading the manifests below s3:\/\/results\/out\/totals\/run-\d+\//) });
    expect(Date.now()).toBeLessThan(deadline);
  });
});

describe('an event with manifests', () => {
  let handler: Handler;
  beforeAll(() => void (handler = handlerOf()));
  test.each(['', '/', 'totals', '/totals/', 'totals//run/', '../totals/', 'totals/./', 'totals/*/', 'totals/a b/', 's3://results/out/', 's3://results/out/../x/', 's3://results/outside/totals/', 's3://other/out/totals/', 'S3://results/out/totals/', 'x?y/', 7, null, ['totals/'], `${'x'.repeat(512)}/`])('%j is refused', async (manifests) => {
    const error = await failure(handler, { query: 'count', manifests });
    expect(error).toMatchObject({ name: 'ConfigError', message: expect.stringMatching(/^manifests is .*, expected the prefix of manifests/) });
  });

  test('takes the URL of a folder below the results, as a map without a reducer answers it', async () => {
    putManifest(0);
    expect(await handler({ query: 'count', manifests: `s3://results/out/${run}` })).toEqual(await handler({ query: 'count', manifests: run }));
  });

  test.each([-1, 1.5, '3', null, NaN])('and the count %j is refused', async (manifestCount) => {
    expect(await failure(handler, { query: 'count', manifests: run, manifestCount })).toMatchObject({ name: 'ConfigError', message: expect.stringMatching(/^manifestCount is .*, expected the number/) });
  });

  test('needs manifests for a count, a declared parameter of the right type, and no other files', async () => {
    expect(await failure(handler, { query: 'count', manifestCount: 1 })).toMatchObject({ name: 'ConfigError', message: expect.stringContaining('manifestCount without manifests') });
    expect(await failure(handler, { query: 'none', manifests: run })).toMatchObject({ name: 'ConfigError', message: expect.stringMatching(/no parameter for their files: declare it in .*none\.sql as "-- @param files VARCHAR\[\]"/) });
    expect(await failure(handler, { query: 'text', manifests: run })).toMatchObject({ name: 'ConfigError', message: expect.stringMatching(/text\.sql:1 declares files as VARCHAR: declare it as/) });
    expect(await failure(handler, { query: 'count', manifests: run, params: { FILES: [] } })).toMatchObject({ name: 'ParameterError', message: expect.stringContaining('params has "FILES", but the event names manifests') });
  });
});

test('an event with manifests needs a function with a location for results', async () => {
  expect(await failure(freshRuntime().queryHandler({ queries: queryFolder(QUERIES) }), { query: 'count', manifests: run })).toMatchObject({
    name: 'ConfigError', message: expect.stringMatching(/^the event asks for the manifests in "totals\/run-\d+\/", but there is no location for results/),
  });
});
