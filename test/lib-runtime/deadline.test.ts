import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PostgresBed, startPostgresBed } from './bootstrap/postgres/postgres-bed';
import { freshRuntime, type Runtime } from './fresh-runtime';
import { type Front, frontOf } from './front';
import { rejection } from './rejection';
import { startS3, type S3Server } from '../bed';
import { describeWith } from '../bed/require';

const LIMIT_MS = 3_000;
const MARGIN_MS = 500;
/** How late an error may come after its signal. */
const LATEST_MS = 300;

/** What DuckDB is waited for in each of the ways that there are. */
const SLOW: Record<string, string> = {
  'a query that computes': 'SELECT count(*) AS n FROM range(100000) a, range(100000) b WHERE hash(a.range, b.range) = 0',
  'a sort that spills': 'SELECT max(n) FROM (SELECT row_number() OVER (ORDER BY hash(range), range::VARCHAR) AS n FROM range(200000000))',
  'PostgreSQL': "FROM postgres_query('pg_replica', 'SELECT pg_sleep(30)::text AS slept')",
  'an S3 server that stops answering in mid-object': "SELECT max(text) FROM 's3://lake/t.parquet'",
};

describeWith(['postgres', 'aws', 's3'], 'a deadline passes while DuckDB is busy', () => {
  let bed: PostgresBed;
  let s3: S3Server;
  let store: Front;
  let runtime: Runtime;

  beforeAll(async () => {
    [bed, s3] = await Promise.all([startPostgresBed(), startS3()]);
    store = await frontOf(s3.endpoint);
    mkdirSync(join(s3.dir, 'lake'));
    runtime = await start();
    await runtime.cursor((c) => c.execute("COPY (SELECT range AS i, repeat(hash(range)::VARCHAR, 3) AS text FROM range(300000)) TO 's3://lake/t.parquet'"));
    store.fault = (what) => (what.startsWith('GET') && what.includes('t.parquet') ? { hang: true, bytes: 1000 } : undefined);
  });
  afterAll(() => Promise.all([bed?.stop(), store?.stop(), s3?.stop()]));

  const start = async () => freshRuntime({
    ...await bed.environment(
      [{ name: 's3', type: 's3', config: { scopes: ['s3://lake/'] } }, bed.step({ applicationName: 'deadline', statementTimeoutSeconds: 5 })],
      { extensions: ['httpfs', 'postgres_scanner'], settings: { memory_limit: '400MB' } },
    ),
    AWS_ENDPOINT_URL_S3: store.endpoint,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
  });

  /** Each slow query on a cursor of its own, all at once. */
  const runAll = <T>(run: (sql: string) => Promise<T>) => Promise.all(Object.values(SLOW).map(run));

  async function untilNothingIsLeft(): Promise<void> {
    const end = Date.now() + 55_000;
    const active = async () => bed.postgres.query("SELECT 1 FROM pg_stat_activity WHERE application_name = 'deadline' AND state = 'active'");
    while (Date.now() < end && ((await active()).length > 0 || await store.connections() > 1)) await sleep(200);
    expect(await active()).toEqual([]);
    // One that is kept for the next query.
    expect(await store.connections()).toBeLessThanOrEqual(1);
  }

  test('a signal: a typed error that comes at once, whatever DuckDB does', async () => {
    const outcomes = await runAll(async (sql) => {
      const started = performance.now();
      const error = await rejection(runtime.cursor((c) => c.query(sql, undefined, { signal: AbortSignal.timeout(LIMIT_MS) })));
      return { error, late: performance.now() - started - LIMIT_MS };
    });
    for (const [index, { error, late }] of outcomes.entries()) {
      expect(error).toMatchObject({ code: 'TIMEOUT', retryable: true });
      expect(error.message).toContain(Object.values(SLOW)[index]!.slice(0, 50));
      expect([late, late < LATEST_MS]).toEqual([late, true]);
    }
    expect(await runtime.cursor((c) => c.queryOne('SELECT 1 AS one'))).toEqual({ one: 1 });
  }, 60_000);

  test('an invocation: the handler answers before its deadline, the next one goes on, and nothing is left within a minute', async () => {
    await untilNothingIsLeft();
    const handler = runtime.withDuckDB(async (sql: string, context: { deadline: number; getRemainingTimeInMillis(): number }) => {
      const error = await rejection(runtime.cursor((c) => c.query(sql)));
      return { code: error.code, left: context.deadline - Date.now() };
    }, { marginMs: MARGIN_MS });
    const invoke = async (sql: string) => {
      const deadline = Date.now() + LIMIT_MS;
      const answer = await handler(sql, { deadline, getRemainingTimeInMillis: () => deadline - Date.now() });
      return { ...answer, answeredBefore: deadline - Date.now() };
    };
    const answers = await runAll(invoke);
    for (const [index, { code, answeredBefore }] of answers.entries()) {
      // A request's own limit may come first: it is told in whole seconds.
      expect(Object.keys(SLOW)[index]!.includes('S3') ? ['TIMEOUT', 'QUERY'] : ['TIMEOUT']).toContain(code);
      expect([answeredBefore, answeredBefore > MARGIN_MS - LATEST_MS]).toEqual([answeredBefore, true]);
    }
    const next = runtime.withDuckDB(async (_event: string, _context: object) => runtime.cursor((c) => c.queryOne('SELECT count(*) AS n FROM pg_replica.users')));
    const deadline = Date.now() + 30_000;
    expect(await next('', { getRemainingTimeInMillis: () => deadline - Date.now() })).toEqual({ n: 1000 });
    await untilNothingIsLeft();
    expect(await bed.connections('deadline')).toBeLessThanOrEqual(4);
    expect(runtime.memoryBudget()).toMatchObject({ reservedBytes: 0, shares: 0, waiting: 0 });
  }, 120_000);

  test('what DuckDB cannot interrupt waits no longer than an invocation lasts; a limit that the user has set stays', async () => {
    const { cursor, session, withDuckDB } = await start();
    const http = "SELECT current_setting('http_timeout')::INTEGER AS http";
    const handler = withDuckDB((_event: string, _context: object) => cursor((c) => c.queryOne(http)));
    const context = (milliseconds: number) => ({ getRemainingTimeInMillis: () => milliseconds });
    expect(await handler('', context(2_900))).toEqual({ http: 2 });
    expect(await handler('', context(60_000))).toEqual({ http: 14 });
    expect(await handler('', context(900_000))).toEqual({ http: 30 });
    const own = withDuckDB((_event: string, _context: object) => session({ settings: { http_timeout: 7 } }, (s) => s.queryOne(http)));
    expect(await own('', context(60_000))).toEqual({ http: 7 });
  });

  test('PostgreSQL\'s time limits follow from the function\'s timeout, not from what is left of the invocation that attaches', async () => {
    const limits = `SELECT (FROM postgres_query('pg_replica', 'SELECT current_setting(''statement_timeout'')')) AS statement,
      regexp_extract((SELECT secret_string FROM duckdb_secrets() WHERE name = 'postgres'), 'connect_timeout=(\\d+)', 1) AS connect`;
    const read = async (timeoutSeconds: number | undefined, left: number) => {
      const env = await bed.environment([bed.step({ statementTimeoutSeconds: 20 })], { timeoutSeconds } as object);
      const { cursor, withDuckDB } = freshRuntime(env);
      return withDuckDB((_event: string, _context: object) => cursor((c) => c.queryOne(limits)))('', { getRemainingTimeInMillis: () => left });
    };
    expect(await read(900, 3_000)).toEqual({ statement: '20s', connect: '5' });
    expect(await read(undefined, 3_000)).toEqual({ statement: '20s', connect: '5' });
    expect(await read(3, 60_000)).toEqual({ statement: '3s', connect: '3' });
  });
});
