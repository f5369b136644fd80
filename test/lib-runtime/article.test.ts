import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PostgresBed, startPostgresBed } from './bootstrap/postgres/postgres-bed';
import { freshRuntime, type Runtime } from './fresh-runtime';
import { rejection } from './rejection';
import { startS3, type S3Server } from '../bed';
import { describeWith } from '../bed/require';

/** The snippets of the article that this library began with, and what it promises of them. */
describeWith(['postgres', 'aws', 's3'], 'one function with PostgreSQL and S3', () => {
  let bed: PostgresBed;
  let s3: S3Server;
  let runtime: Runtime;
  const TOKEN = 'a-session-token-of-a-role';
  const PASSWORD = "the reader's password";
  const EVENTS = "SELECT count(*) AS n FROM 's3://lake/events.parquet'";

  beforeAll(async () => {
    [bed, s3] = await Promise.all([startPostgresBed(), startS3()]);
    await bed.setPassword('reader', PASSWORD);
    mkdirSync(join(s3.dir, 'lake'));
    await (await start()).cursor((c) => c.execute("COPY (SELECT range AS user_id, range % 3 AS kind FROM range(3000)) TO 's3://lake/events.parquet'"));
  });
  afterAll(() => Promise.all([bed?.stop(), s3?.stop()]));
  beforeEach(async () => {
    runtime = await start();
    bed.ssm.requests.length = 0;
  });

  const start = async (postgres: object = {}) => freshRuntime({
    ...await bed.environment([{ name: 's3', type: 's3', config: { scopes: ['s3://lake/'] } }, bed.step(postgres)], { extensions: ['httpfs', 'postgres_scanner'] }),
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    AWS_SESSION_TOKEN: TOKEN,
  });

  test('cursor: rows of the replica, with no word of secrets or connections', async () => {
    const { cursor } = runtime;
    expect(await cursor((c) => c.query('SELECT * FROM pg_replica.users LIMIT 10'))).toHaveLength(10);
  });

  test('session: a file of its own in /tmp beside the bootstrap steps', async () => {
    const { session } = runtime;
    const file = join(tmpdir(), `evals-${process.pid}.duckdb`);
    try {
      const n = await session({ bootstrap: ['postgres', 's3'] }, async (s) => {
        await s.execute(`ATTACH '${file}' AS evals`);
        await s.execute("CREATE TABLE evals.joined AS SELECT u.name, e.kind FROM pg_replica.users u JOIN 's3://lake/events.parquet' e ON e.user_id = u.id");
        return s.queryOne('SELECT count(*) AS n FROM evals.joined');
      });
      expect(n).toEqual({ n: 1000 });
    } finally {
      rmSync(file, { force: true });
    }
  });

  test('DuckDB: passed along, and destroyed', async () => {
    const { DuckDB } = runtime;
    const dbName = `base_runners-${process.pid}.duckdb`;
    const database = new DuckDB({ dbName, cleanOnStart: true });
    try {
      await database.cursor((c) => c.execute('CREATE TABLE runners AS FROM pg_replica.users'));
      expect(await database.cursor((c) => c.queryOne('SELECT count(*) AS n FROM runners'))).toEqual({ n: 1000 });
      expect(existsSync(join(tmpdir(), dbName))).toBe(true);
    } finally {
      await database.destroy();
    }
    expect(existsSync(join(tmpdir(), dbName))).toBe(false);
  });

  test('a default cursor joins a table of PostgreSQL with Parquet in S3', async () => {
    const sql = "SELECT kind, count(*) AS n FROM pg_replica.users u JOIN 's3://lake/events.parquet' e ON e.user_id = u.id GROUP BY kind ORDER BY kind";
    expect(await runtime.cursor((c) => c.query(sql))).toEqual([{ kind: 0, n: 333 }, { kind: 1, n: 334 }, { kind: 2, n: 333 }]);
    expect(bed.ssm.requests).toHaveLength(1);
  });

  test('a query of S3 alone asks nothing of SSM or PostgreSQL', async () => {
    runtime = await start({ applicationName: 'unasked' });
    expect(await runtime.cursor((c) => c.queryOne(EVENTS))).toEqual({ n: 3000 });
    expect([bed.ssm.requests.length, await bed.connections('unasked')]).toEqual([0, 0]);
  });

  test('PostgreSQL down, or accepting and hanging: a query of S3 answers meanwhile', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    try {
      for (const port of [1, (silent.address() as AddressInfo).port]) {
        runtime = await start({ port, connectTimeoutSeconds: 2 });
        const order: string[] = [];
        const failing = rejection(runtime.cursor((c) => c.query('FROM pg_replica.users'))).finally(() => order.push('PostgreSQL'));
        for (let i = 0; i < 5; i++) expect(await runtime.cursor((c) => c.queryOne(EVENTS))).toEqual({ n: 3000 });
        order.push('S3');
        expect(await failing).toMatchObject({ code: 'BOOTSTRAP', retryable: true });
        if (port !== 1) expect(order).toEqual(['S3', 'PostgreSQL']);
      }
    } finally {
      silent.close();
    }
  });

  test('no secret can be read back', async () => {
    const seen = await runtime.cursor(async (c) => {
      await c.query("CALL enable_logging(level = 'debug')");
      await c.query("SELECT (SELECT count(*) FROM pg_replica.users) + (SELECT count(*) FROM 's3://lake/events.parquet')");
      const places = ['FROM duckdb_databases()', 'FROM duckdb_settings()', 'FROM duckdb_secrets()', "FROM duckdb_logs() WHERE type <> 'HTTP'", 'FROM duckdb_variables()', 'PRAGMA database_list'];
      return Promise.all(places.map(async (place) => JSON.stringify(await c.query(place))));
    });
    for (const text of seen) for (const secret of [PASSWORD, PASSWORD.replace("'", "''"), s3.secretAccessKey, TOKEN]) expect(text).not.toContain(secret);
  });

  test('DuckDB\'s log of HTTP requests shows the session token, as docs/security.md warns, and neither the key nor a password', async () => {
    const seen = await runtime.cursor(async (c) => {
      await c.query("CALL enable_logging('HTTP')");
      await c.query(EVENTS);
      return JSON.stringify(await c.query('FROM duckdb_logs()'));
    });
    expect(seen).toContain(TOKEN);
    expect(seen).not.toContain(s3.secretAccessKey);
    expect(seen).not.toContain(PASSWORD);
  });
});
