import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { uploadHint } from '../../../lib-runtime/diagnosis/upload-hint';
import { bytesOf } from '../../../lib-runtime/memory/sizes';
import { startS3, type S3Server } from '../../bed/servers/s3';
import { valuesOf } from '../built-runtime';
import { freshRuntime } from '../fresh-runtime';
import { rejection } from '../rejection';
import { config } from '../runtime-config';
import { says } from '../says';
import { signedExtensions } from '../signed-extensions';

const MIB = 1024 * 1024;
const STEP = { name: 's3', type: 's3', config: { scopes: ['s3://export/'] } };
let s3: S3Server;
let baked: string;

beforeAll(async () => {
  [s3, baked] = await Promise.all([startS3(), signedExtensions('httpfs', 'tpch')]);
  mkdirSync(join(s3.dir, 'export'));
}, 120_000);
afterAll(() => s3?.stop());
beforeEach(() => void jest.spyOn(console, 'log').mockImplementation());

const start = (memoryMb: number, settings?: Record<string, unknown>) => freshRuntime(environment(memoryMb, settings));

function environment(memoryMb: number, settings: Record<string, unknown> = {}): Record<string, string> {
  return {
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    DUCKDB_EXTENSIONS_DIR: baked,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    AWS_REGION: s3.region,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    ...config({ extensions: ['httpfs'], steps: [STEP], settings }),
  };
}

/** What a function of its own process writes: the memory of this one would count too. */
async function write(memoryMb: number, statements: readonly string[], open = 'cursor(run)') {
  const [done] = await valuesOf(`
    import { cursor, session, DuckDB } from 'cdk-duckdb-lambda/runtime';
    const run = async (c) => {
      for (const statement of ${JSON.stringify(statements)}) await c.execute(statement);
      return 'written';
    };
    console.log(JSON.stringify(await ${open}));
  `, { env: environment(memoryMb) });
  expect(done).toBe('written');
}

/** What stands in files of the bucket, read without S3. */
async function read(pattern: string) {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const result = await connection.run(
    `SELECT count(*)::INT AS n, sum(i)::DOUBLE AS total, count(DISTINCT p)::INT AS partitions, count(DISTINCT filename)::INT AS files
     FROM ${pattern.endsWith('csv') ? 'read_csv' : 'read_parquet'}('${join(s3.dir, 'export', pattern)}', filename = true, hive_partitioning = true)`);
  const [row] = await result.getRowObjects();
  connection.closeSync();
  instance.closeSync();
  return row;
}

const oneRow = (key: string) => `COPY (SELECT 1 AS i, 0 AS p) TO 's3://export/${key}.csv'`;
const partitioned = (key: string, format: string) => (
  `COPY (SELECT range AS i, range % 30 AS p FROM range(300000)) TO 's3://export/${key}' (FORMAT ${format}, PARTITION_BY (p))`
);
const ALL = { n: 300_000, total: 300_000 * 299_999 / 2, partitions: 30 };

describe.each([128, 256, 512, 1769])('a function of %i MB', (memory) => {
  test('writes one row to S3, 30 partitions, as CSV and as Parquet, and a file of many parts', async () => {
    await write(memory, [
      oneRow(`${memory}-one`), partitioned(`${memory}-csv`, 'csv'), partitioned(`${memory}-parquet`, 'parquet'),
      `COPY (SELECT range AS i, hash(range) AS p FROM range(2000000)) TO 's3://export/${memory}-large.csv'`,
    ]);
    expect(await read(`${memory}-one.csv`)).toMatchObject({ n: 1, total: 1 });
    expect(await read(`${memory}-csv/*/*.csv`)).toMatchObject(ALL);
    expect(await read(`${memory}-parquet/*/*.parquet`)).toMatchObject(ALL);
    expect(await read(`${memory}-large.csv`)).toMatchObject({ n: 2_000_000, total: 2_000_000 * 1_999_999 / 2 });
  }, 60_000);

  test('does so in a session and in a DuckDB of the least memory there is', async () => {
    const statements = (what: string) => [oneRow(`${memory}-${what}-one`), partitioned(`${memory}-${what}-csv`, 'csv')];
    await write(memory, [], `(async () => {
      const writing = (statements) => async (c) => {
        for (const statement of statements) await c.execute(statement);
      };
      await session({ memory: 16 }, writing(${JSON.stringify(statements('session'))}));
      await new DuckDB({ memory: 16 }).cursor(writing(${JSON.stringify(statements('duckdb'))}));
      return 'written';
    })()`);
    for (const what of ['session', 'duckdb']) {
      expect(await read(`${memory}-${what}-one.csv`)).toMatchObject({ n: 1 });
      expect(await read(`${memory}-${what}-csv/*/*.csv`)).toMatchObject(ALL);
    }
  }, 60_000);
});

test('a session that ends right after a COPY to S3 does not crash the process, though DuckDB\'s uploads still end', async () => {
  await write(1769, ['SELECT 1'], `(async () => {
    for (let i = 0; i < 25; i++) await session((s) => s.execute("COPY (SELECT range AS i, hash(range) AS p FROM range(420000)) TO 's3://export/again.csv'"));
    return 'written';
  })()`);
  expect(await read('again.csv')).toMatchObject({ n: 420_000 });
}, 90_000);

test('where there is memory, a partition is one file', async () => {
  await write(1769, [partitioned('single', 'csv')]);
  expect(await read('single/*/*.csv')).toMatchObject({ ...ALL, files: 30 });
}, 60_000);

const SETTINGS = `SELECT current_setting('s3_uploader_max_filesize') AS size, current_setting('s3_uploader_thread_limit') AS uploads,
  current_setting('partitioned_write_max_open_files') AS files`;
interface Settings { size: string; uploads: number; files: number }

test.each([128, 256, 512, 1769, 3008, 10_240])('at %i MB a file may have 50 GB or 50 times the memory limit, at least', async (memory) => {
  const limits = await start(memory).cursor((c) => c.queryOne<Settings & { memory_limit: string }>(
    `${SETTINGS}, current_setting('memory_limit') AS memory_limit`));
  const size = bytesOf(limits!.size, 0)!;
  const limit = bytesOf(limits!.memory_limit, 0)!;
  expect(size).toBeGreaterThanOrEqual(Math.max(50e9, 49 * limit));
  const part = Math.max(5 * MIB, size / 10_000);
  // One part always fits; all that may be held at once does where more than one is.
  expect(limits!.uploads === 1 || limits!.uploads * part <= limit / 7).toBe(true);
  expect(limits!.files === 1 || limits!.files * part <= limit / 1.8).toBe(true);
});

test('the user\'s own setting wins, and what follows from it; the error of one that is too large names it', async () => {
  const { cursor } = start(256, { s3_uploader_max_filesize: '800GB' });
  expect(await cursor((c) => c.queryOne(SETTINGS))).toEqual({ size: '800GB', uploads: 1, files: 1 });
  const error = await rejection(cursor((c) => c.execute("COPY (SELECT 1 AS x) TO 's3://export/large.csv'")));
  expect(error).toMatchObject({ code: 'QUERY', duckdbType: 'Out of Memory Error' });
  says('DUCKDB.noBlock', error.message);
  expect(error.message).toMatch(/hint: each file that is being written to S3 needs memory for a part.*lower s3_uploader_max_filesize \('50GB'/);
});

test.each([
  [{ s3_uploader_max_parts_per_file: 1000 }, { size: '800GB' }],
  [{ s3_uploader_thread_limit: 3 }, { uploads: 3 }],
  [{ partitioned_write_max_open_files: 7 }, { files: 7 }],
])('%j is left as it is', async (settings, expected) => {
  expect(await start(1769, settings).cursor((c) => c.queryOne(SETTINGS))).toMatchObject(expected);
});

test('they follow when a session takes a part of the memory, and when it gives it back; what a user has SET meanwhile stays', async () => {
  const { cursor, session } = start(1769);
  const settings = () => cursor((c) => c.queryOne<Settings>(SETTINGS));
  const alone = (await settings())!;
  await session(async () => {
    const shared = (await settings())!;
    expect([shared.size, shared.uploads, shared.files]).toEqual([alone.size, Math.floor(alone.uploads / 2), Math.floor(alone.files / 2)]);
    await cursor((c) => c.execute('SET GLOBAL s3_uploader_thread_limit = 3'));
  });
  let after = (await settings())!;
  // The shared limit follows a moment later: nobody waits for it.
  for (let tries = 0; tries < 400 && after.files !== alone.files; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    after = (await settings())!;
  }
  expect(after).toEqual({ ...alone, uploads: 3 });
});

test('only an error of writing to S3 has the hint', () => {
  const memory = 'Out of Memory Error: could not allocate block of size 76.5 MiB (0 bytes/39.0 MiB used)';
  expect(uploadHint(memory, "COPY t TO 's3a://b/t.csv'")).toContain('s3_uploader_max_filesize');
  expect(uploadHint(memory, "COPY t TO '/tmp/t.csv'")).toBeUndefined();
  expect(uploadHint(memory, "FROM 's3://b/t.csv'")).toBeUndefined();
  expect(uploadHint('Out of Memory Error: failed to pin block', "COPY t TO 's3://b/t.csv'")).toBeUndefined();
  expect(uploadHint('HTTP Error: Part number must be an integer between 1 and 10000, inclusive', 'COPY t TO $file')).toContain('larger than s3_uploader_max_filesize');
});
