import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PART } from '../../../lib-runtime/diagnosis/remote-write';
import { startS3, type S3Server } from '../../bed';
import { describeWith } from '../../bed/require';
import { freshRuntime, type Runtime } from '../fresh-runtime';
import { rejection } from '../rejection';
import { config } from '../runtime-config';
import { signedExtensions } from '../signed-extensions';

/** Fails in its last row. */
const FAILING = "SELECT range AS i, CASE WHEN range = 199999 THEN error('boom') END AS e FROM range(200000)";
/** Runs for minutes, and is interrupted within milliseconds. */
const SLOW = 'SELECT count(*) AS n FROM range(100000) a, range(100000) b WHERE hash(a.range, b.range) = 0';

describeWith('s3', 'a COPY to S3 that does not come to its end', () => {
  let s3: S3Server;
  let environment: Record<string, string>;
  let runtime: Runtime;

  beforeAll(async () => {
    s3 = await startS3();
    mkdirSync(join(s3.dir, 'lake'));
    environment = {
      DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs', 'tpch'),
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_REGION: s3.region,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
    };
    runtime = start();
  });
  afterAll(() => s3?.stop());

  const start = (...steps: { name: string; type: string; config: object; provides?: string[] }[]) => freshRuntime({
    ...environment, ...config({ extensions: ['httpfs'], steps: [{ name: 's3', type: 's3', config: { scopes: ['s3://lake/'] } }, ...steps] }),
  });
  const failure = (sql: string, parameters?: string[] | Record<string, string>) => rejection(runtime.cursor((c) => c.execute(sql, parameters)));
  const partly = (code: string) => ({ code, message: expect.stringContaining(PART) });
  /** Once DuckDB is at it, and not while the instance is being made. */
  const underWay = async () => {
    await runtime.cursor((c) => c.query('SELECT 1'));
    await sleep(300);
  };

  test('fails: the error says so, and what is under its key is a part', async () => {
    const error = await failure(`COPY (${FAILING}) TO 's3://lake/failed.csv'`);
    expect(error).toMatchObject(partly('QUERY'));
    expect(error.message).toMatch(/boom[^]*hint: what is under its key[^]*in: COPY/);
    const { n } = (await runtime.cursor((c) => c.queryOne<{ n: number }>("SELECT count(*) AS n FROM 's3://lake/failed.csv'")))!;
    expect(n).toBeLessThan(200_000);
  });

  test('wherever its URL stands', async () => {
    expect(await failure(`COPY (${FAILING}) TO $1`, ['s3://lake/failed.csv'])).toMatchObject(partly('QUERY'));
    expect(await failure(`COPY (${FAILING}) TO $path`, { path: 's3://lake/failed.csv' })).toMatchObject(partly('QUERY'));
    expect(await failure(`CREATE OR REPLACE TEMP TABLE one AS SELECT 1; COPY (${FAILING}) TO 's3://lake/failed.csv'`)).toMatchObject(partly('QUERY'));
  });

  test('nothing is said of what writes to the disk, or was refused before it ran', async () => {
    const silent = { code: 'QUERY', message: expect.not.stringContaining(PART) };
    expect(await failure(`COPY (${FAILING}) TO '${join(tmpdir(), 'failed.csv')}'`)).toMatchObject(silent);
    expect(await failure("COPY nowhere TO 's3://lake/x.csv'")).toMatchObject(silent);
  });

  test('is aborted, or meets a deadline', async () => {
    const copy = `COPY (${SLOW}) TO 's3://lake/slow.csv'`;
    await runtime.cursor((c) => c.execute("COPY (SELECT 1) TO 's3://lake/warm.csv'"));
    const ender = new AbortController();
    const aborted = rejection(runtime.cursor((c) => c.execute(copy, [], { signal: ender.signal })));
    await underWay();
    ender.abort(new Error('enough'));
    const error = await aborted;
    expect(error).toMatchObject(partly('ABORTED'));
    expect(error.message).toMatch(/^aborted while waiting for DuckDB, after \d+ ms, running: COPY .*\): enough$/);
    expect(await rejection(runtime.cursor({ signal: AbortSignal.timeout(1_000) }, (c) => c.execute(copy)))).toMatchObject(partly('TIMEOUT'));
    const end = Date.now() + 1_500;
    const handler = runtime.withDuckDB((_event: object, _context: object) => runtime.cursor((c) => c.transaction((t) => t.execute(copy))));
    expect(await rejection(handler({}, { getRemainingTimeInMillis: () => end - Date.now() }))).toMatchObject(partly('TIMEOUT'));
  });

  test('is ended with its cursor, or with its transaction', async () => {
    const copy = `COPY (${SLOW}) TO 's3://lake/slow.csv'`;
    const c = await runtime.cursor();
    const closed = rejection(c.execute(copy));
    await underWay();
    await c.close();
    expect(await closed).toMatchObject(partly('CLOSED'));
    let rolledBack: Promise<Error> | undefined;
    await rejection(runtime.cursor((other) => other.transaction(async (t) => {
      rolledBack = rejection(t.execute(copy));
      await underWay();
      throw new Error('mine');
    })));
    expect(await rolledBack).toMatchObject(partly('CLOSED'));
  });

  test('of a bootstrap step', async () => {
    const { cursor } = start({ name: 'export', type: 'sql', provides: ['exported'], config: { statements: [`COPY (${FAILING}) TO 's3://lake/step.csv'`] } });
    expect(await rejection(cursor((c) => c.bootstrap('export')))).toMatchObject(partly('BOOTSTRAP'));
  });

  test('with OVERWRITE of the directory that it reads: what was there is lost, and the error says so', async () => {
    await runtime.cursor((c) => c.execute("COPY (SELECT range AS x, range % 4 AS y FROM range(1000)) TO 's3://lake/self' (FORMAT parquet, PARTITION_BY (y))"));
    const error = await failure("COPY (SELECT x, y FROM 's3://lake/self/*/*.parquet') TO 's3://lake/self' (FORMAT parquet, PARTITION_BY (y), OVERWRITE)");
    expect(error).toMatchObject({ code: 'QUERY', message: expect.stringContaining('COPY with OVERWRITE deletes the contents of its directory before it reads') });
    expect(existsSync(join(s3.dir, 'lake/self/y=0'))).toBe(false);
  });
});
