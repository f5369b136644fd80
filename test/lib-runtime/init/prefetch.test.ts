import { copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type FarS3Server, type Operation, operationCounts, startFarS3 } from '../../bed';
import { describeWith } from '../../bed/require';
import { freshRuntime, type Runtime } from '../fresh-runtime';
import { config } from '../runtime-config';
import { signedExtensions } from '../signed-extensions';

type Requests = Partial<Record<Operation, number>>;

const ROW_GROUP = 122_880;
const N = 4 * ROW_GROUP;
const DAYS = 12;
const FAT = 40;

const EVENTS = 's3://lake/events.parquet';
const IN_DAYS = 's3://lake/days/*/*.parquet';
const sum = (url: string) => `SELECT sum(id)::BIGINT AS total FROM '${url}'`;
const TOTAL = [{ total: N * (N - 1) / 2 }];

describeWith('openssl', 'prefetch', () => {
  let s3: FarS3Server;
  let baked: string;
  let warnings: jest.SpyInstance;
  const path = (key: string) => join(s3.dir, 'lake', key);

  beforeAll(async () => {
    [s3, baked] = await Promise.all([startFarS3(), signedExtensions('httpfs')]);
    mkdirSync(path('fat'), { recursive: true });
    await freshRuntime().session({ settings: { threads: 1 } }, async (s) => {
      const rows = (from: number) => `SELECT i AS id, hash(i) AS noise FROM range(${from}, ${from + N}) t(i)`;
      for (const [version, from] of [['old', 0], ['new', 1]]) await s.execute(`COPY (${rows(Number(from))}) TO '${path(`${version}.parquet`)}'`);
      await s.execute(`COPY (SELECT i AS id, hash(i) AS noise, i % ${DAYS} AS day FROM range(120000) t(i)) TO '${path('days')}' (FORMAT parquet, PARTITION_BY (day))`);
      // A megabyte of footer each.
      await s.execute(`COPY (SELECT 1 AS id) TO '${path('fat/0.parquet')}' (FORMAT parquet, KV_METADATA { text: '${'x'.repeat(1_000_000)}' })`);
    });
    for (let i = 1; i < FAT; i++) copyFileSync(path('fat/0.parquet'), path(`fat/${i}.parquet`));
  });
  afterAll(() => s3?.stop());

  beforeEach(async () => {
    publish('old');
    await s3.reset();
    warnings = jest.spyOn(console, 'warn').mockImplementation();
    jest.spyOn(console, 'log').mockImplementation();
  });
  afterEach(() => jest.restoreAllMocks());

  function publish(version: string): void {
    copyFileSync(path(`${version}.parquet`), path('events.new'));
    renameSync(path('events.new'), path('events.parquet'));
  }

  /** The runtime as Lambda imports it, after its init phase. */
  async function initialised(prefetch: string[], { step = {}, settings = {}, memory = '1769', mode = 'eager', type = 'on-demand' } = {}): Promise<Runtime> {
    const { DUCKDB_LAMBDA_CONFIG: declared } = config({
      extensions: ['httpfs'],
      steps: [{ name: 's3', type: 's3', config: { scopes: ['s3://lake/'], prefetch, ...step } }],
      settings: { ca_cert_file: s3.caFile, ...settings },
    });
    const runtime = freshRuntime({
      DUCKDB_EXTENSIONS_DIR: baked,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_REGION: s3.region,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory,
      AWS_LAMBDA_RUNTIME_API: '127.0.0.1:1',
      AWS_LAMBDA_INITIALIZATION_TYPE: type,
      DUCKDB_LAMBDA_CONFIG: JSON.stringify({ ...JSON.parse(declared), mode }),
    });
    await (globalThis as Record<symbol, unknown>)[Symbol.for('cdk-duckdb-lambda.init.v1')];
    return runtime;
  }

  const requests = async (): Promise<Requests> => {
    const counts = operationCounts(await s3.traffic());
    await s3.reset();
    return counts;
  };
  const total = ({ cursor }: Runtime, url: string) => cursor((c) => c.query(sum(url)));

  test('what queries ask of S3 without it', async () => {
    const runtime = await initialised([]);
    expect(await requests()).toEqual({});
    expect(await total(runtime, EVENTS)).toEqual(TOTAL);
    expect(await requests()).toEqual({ HeadObject: 1, GetObject: 5 });
    await total(runtime, IN_DAYS);
    expect(await requests()).toEqual({ ListObjectsV2: 1, GetObject: 2 * DAYS });
  });

  test.each([['mode', { mode: 'eager' }], ['provisioned concurrency', { mode: 'lazy', type: 'provisioned-concurrency' }]])('by %s: footers are there before the first query', async (_, how) => {
    const runtime = await initialised([EVENTS, IN_DAYS], how);
    expect(await requests()).toEqual({ ListObjectsV2: 1, HeadObject: 1, GetObject: 1 + DAYS });
    expect(await total(runtime, EVENTS)).toEqual(TOTAL);
    expect(await requests()).toEqual({ HeadObject: 1, GetObject: 4 });
    await total(runtime, IN_DAYS);
    expect(await requests()).toEqual({ ListObjectsV2: 1, GetObject: DAYS });
    expect(warnings).not.toHaveBeenCalled();
  });

  test('within maxStaleness, the first query does not ask for the file again', async () => {
    const runtime = await initialised([EVENTS], { step: { maxStalenessSeconds: 600 } });
    expect(await requests()).toEqual({ HeadObject: 1, GetObject: 1 });
    expect(await total(runtime, EVENTS)).toEqual(TOTAL);
    expect(await requests()).toEqual({ GetObject: 4 });
    expect(await total(runtime, EVENTS)).toEqual(TOTAL);
    expect(await requests()).toEqual({});
  });

  test('nothing is read where no step runs in the init phase', async () => {
    await initialised([EVENTS], { mode: 'lazy' });
    expect(await requests()).toEqual({});
  });

  test.each([['at once', {}], ['within maxStaleness', { maxStalenessSeconds: 600 }]])('an object that has changed since is read as it is, %s', async (_, step) => {
    const runtime = await initialised([EVENTS], { step });
    publish('new');
    expect(await total(runtime, EVENTS)).toEqual([{ total: N * (N + 1) / 2 }]);
  });

  test('what fails is logged, and keeps nothing else from being read', async () => {
    const runtime = await initialised(['s3://lake/none/*.parquet', EVENTS]);
    expect(warnings.mock.calls).toEqual([[expect.stringMatching(/^the prefetch of "s3:\/\/lake\/none\/\*\.parquet" failed: IO Error: No files found[^\n]*$/)]]);
    expect(await requests()).toEqual({ ListObjectsV2: 1, HeadObject: 1, GetObject: 1 });
    expect(await total(runtime, EVENTS)).toEqual(TOTAL);
  });

  test('where the configuration is locked too', async () => {
    const runtime = await initialised([EVENTS], { settings: { lock_configuration: true } });
    await requests();
    await total(runtime, EVENTS);
    expect(await requests()).toEqual({ HeadObject: 1, GetObject: 4 });
    expect(warnings).not.toHaveBeenCalled();
  });

  test('it ends after its time, and the function works', async () => {
    await s3.setDelay(10_000);
    try {
      const started = performance.now();
      const runtime = await initialised([EVENTS]);
      expect(performance.now() - started).toBeLessThan(6_000);
      expect(warnings.mock.calls).toEqual([['the prefetch of "s3://lake/events.parquet" ended early: the time for it, 3 s, is over']]);
      await s3.setDelay(0);
      expect(await total(runtime, EVENTS)).toEqual(TOTAL);
    } finally {
      await s3.setDelay(0);
    }
  }, 20_000);

  test('it ends when footers take a quarter of the memory', async () => {
    await s3.setDelay(100);
    try {
      await initialised(['s3://lake/fat/*.parquet'], { memory: '256', settings: { threads: '1' } });
      expect(warnings.mock.calls).toEqual([['the prefetch of "s3://lake/fat/*.parquet" ended early: the footers take 25 % of DuckDB\'s memory']]);
      expect((await s3.traffic()).requests.filter(({ operation }) => operation === 'GetObject').length).toBeLessThan(FAT);
    } finally {
      await s3.setDelay(0);
    }
  }, 20_000);
});
