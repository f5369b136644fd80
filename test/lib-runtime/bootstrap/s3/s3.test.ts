import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sharedInstance } from '../../../../lib-runtime/instance/shared-instances';
import { startS3, type S3Server } from '../../../bed/servers/s3';
import { freshRuntime } from '../../fresh-runtime';
import { rejection } from '../../rejection';
import { config } from '../../runtime-config';
import { says } from '../../says';
import { signedExtensions } from '../../signed-extensions';

const S3_STEP = { name: 's3', type: 's3', config: { scopes: ['s3://lake/', 's3://export/'] } };

let s3: S3Server;
let baked: string;
let environment: Record<string, string>;

beforeAll(async () => {
  [s3, baked] = await Promise.all([startS3(), signedExtensions('httpfs', 'tpch')]);
  mkdirSync(join(s3.dir, 'lake'));
  mkdirSync(join(s3.dir, 'export'));
  mkdirSync(join(s3.dir, 'undeclared'));
  environment = {
    DUCKDB_EXTENSIONS_DIR: baked,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    AWS_REGION: s3.region,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    ...config({ extensions: ['httpfs'], steps: [S3_STEP] }),
  };
  const { cursor } = freshRuntime(environment);
  await cursor((c) => c.execute("COPY (SELECT range AS i FROM range(1000)) TO 's3://lake/t/part.parquet'"));
});
afterAll(() => s3?.stop());

test('reads and writes Parquet with the credentials of the environment', async () => {
  const { cursor } = freshRuntime(environment);
  expect(await cursor((c) => c.query("SELECT count(*) AS n, sum(i) AS total FROM 's3://lake/t/*.parquet'"))).toEqual([{ n: 1000, total: 499_500 }]);
  expect(await cursor((c) => c.execute("COPY (SELECT 1 AS one) TO 's3://export/one.parquet'"))).toEqual({ rowsChanged: 1 });
  expect(await cursor((c) => c.queryOne('SELECT * FROM read_parquet($file)', { file: 's3://export/one.parquet' }))).toEqual({ one: 1 });
});

test('the secret is scoped, of PROVIDER config, and made at creation', async () => {
  const { cursor } = freshRuntime(environment);
  expect(await cursor((c) => c.query('SELECT name, type, provider, persistent, scope FROM duckdb_secrets()'))).toEqual([
    {
      name: 's3',
      type: 's3',
      provider: 'config',
      persistent: false,
      scope: ['s3://lake/', 's3a://lake/', 's3n://lake/', 's3://export/', 's3a://export/', 's3n://export/'],
    },
  ]);
});

test.each(['s3a', 's3n'])('%s:// is the step\'s as s3:// is: to read, to list, to write', async (scheme) => {
  const { cursor } = freshRuntime(environment);
  const written = `${scheme}://export/${scheme}.parquet`;
  expect(await cursor((c) => c.queryOne(`SELECT sum(i) AS total FROM '${scheme}://lake/t/*.parquet'`))).toEqual({ total: 499_500 });
  await cursor((c) => c.execute(`COPY (SELECT 42 AS answer) TO '${written}'`));
  expect(await cursor((c) => c.queryOne(`FROM '${written}'`))).toEqual({ answer: 42 });
});

describe('with an endpoint, what is outside of the step\'s prefixes', () => {
  const step = (more: object = {}) => config({ extensions: ['httpfs'], steps: [{ name: 's3', type: 's3', config: { scopes: ['s3://lake/t/', 's3://export/'], ...more } }] });

  test('is asked for at the same endpoint, without a signature', async () => {
    const requests: [string, boolean][] = [];
    const server = createServer((request, response) => {
      request.resume();
      requests.push([request.url!.replace(/\?.*/, ''), request.headers.authorization !== undefined]);
      response.end('a\n1\n');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      for (const where of [step({ endpoint }), { ...step(), AWS_ENDPOINT_URL_S3: endpoint }]) {
        requests.length = 0;
        const { cursor } = freshRuntime({ ...environment, ...where });
        for (const key of ['other.csv', 't/part.csv']) expect(await cursor((c) => c.query(`FROM read_csv('s3://lake/${key}')`))).toEqual([{ a: 1 }]);
        expect(new Map(requests)).toEqual(new Map([['/lake/other.csv', false], ['/lake/t/part.csv', true]]));
      }
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test.each(["COPY (SELECT 1 AS a) TO 's3://lake/other.csv'", "FROM 's3://lake/other.csv'"])('is an error that says so: %s', async (sql) => {
    const { cursor } = freshRuntime({ ...environment, ...step() });
    expect(await rejection(cursor((c) => c.execute(sql)))).toMatchObject({
      code: 'QUERY', retryable: false, message: expect.stringContaining('"s3://lake/other.csv" is not under any of the declared prefixes, which are "s3://lake/t/"'),
    });
    expect(await cursor((c) => c.queryOne("SELECT count(*) AS n FROM 's3://lake/t/part.parquet'"))).toEqual({ n: 1000 });
  });

  test('is another step\'s, where that one has the whole bucket', async () => {
    const steps = [{ name: 'a', type: 's3', config: { scopes: ['s3://lake/none/'] } }, { name: 's3', type: 's3', config: { scopes: ['s3://lake/'] } }];
    const { cursor } = freshRuntime({ ...environment, ...config({ extensions: ['httpfs'], steps }) });
    expect(await cursor((c) => c.queryOne("SELECT count(*) AS n FROM 's3://lake/t/part.parquet'"))).toEqual({ n: 1000 });
  });
});

describe('after DROP SECRET', () => {
  const COUNT = "SELECT count(*) AS n FROM 's3://lake/t/part.parquet'";
  const secrets = 'SELECT name FROM duckdb_secrets()';

  test.each(['DROP SECRET s3', 'drop secret if exists "S3"', 'SELECT 1; DROP TEMPORARY SECRET s3', 'DROP /* it */ SECRET s3'])('by %s, the next statement that needs it has it again', async (sql) => {
    const { cursor } = freshRuntime(environment);
    await cursor((c) => c.execute(sql));
    expect(await cursor((c) => c.query(secrets))).toEqual([]);
    expect(await cursor((c) => c.queryOne(COUNT))).toEqual({ n: 1000 });
    expect(await cursor((c) => c.query(secrets))).toEqual([{ name: 's3' }]);
  });

  test('a view that names S3 needs it too, and so does what writes', async () => {
    const { cursor } = freshRuntime(environment);
    await cursor((c) => c.execute(`CREATE VIEW v AS ${COUNT}; DROP SECRET s3`));
    expect(await cursor((c) => c.queryOne('FROM v'))).toEqual({ n: 1000 });
    await cursor((c) => c.execute('DROP SECRET s3'));
    expect(await cursor((c) => c.execute("COPY (SELECT 1 AS one) TO 's3://export/dropped.parquet'"))).toEqual({ rowsChanged: 1 });
  });

  test('in a transaction, or on the client\'s own connection, where no text shows it', async () => {
    const { cursor } = freshRuntime(environment);
    await cursor((c) => c.execute(`CREATE VIEW v AS ${COUNT}`));
    await cursor(async (c) => {
      await c.execute('BEGIN; DROP SECRET s3');
      // Here it is still there, so that nobody has noticed.
      expect(await cursor((other) => other.queryOne(COUNT))).toEqual({ n: 1000 });
      await c.execute('COMMIT');
    });
    expect(await cursor((c) => c.queryOne('FROM v'))).toEqual({ n: 1000 });
    await cursor((c) => c.withConnection(async (connection) => void await connection.run('DROP SECRET s3')));
    expect(await cursor((c) => c.queryOne('FROM v'))).toEqual({ n: 1000 });
  });

  test('bootstrap() makes it again by hand', async () => {
    const { cursor } = freshRuntime(environment);
    await cursor(async (c) => {
      await c.execute('DROP SECRET s3');
      await c.bootstrap('s3');
      expect(await c.query(secrets)).toEqual([{ name: 's3' }]);
    });
  });

  test('what has nothing to do with it runs no step', async () => {
    const { cursor } = freshRuntime(environment);
    await cursor((c) => c.execute('DROP SECRET s3'));
    expect(await cursor((c) => c.queryOne('SELECT 1 AS one'))).toEqual({ one: 1 });
    expect(await cursor((c) => c.query(secrets))).toEqual([]);
  });
});

test('the credentials that httpfs copies from the environment are blanked', async () => {
  const { cursor } = freshRuntime({ ...environment, AWS_SESSION_TOKEN: 'a-session-token' });
  const settings = await cursor((c) => c.query("SELECT name, value FROM duckdb_settings() WHERE name IN ('s3_access_key_id', 's3_secret_access_key', 's3_session_token')"));
  expect(settings).toHaveLength(3);
  expect(settings.map(({ value }) => value)).toEqual(['', '', '']);
});

test('no secret value can be read back, or stands in an error', async () => {
  const secret = "se'cret+with/special=characters";
  const { cursor } = freshRuntime({ ...environment, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: 'the-session-token' });
  const seen = await cursor(async (c) => JSON.stringify([
    await c.query('FROM duckdb_settings()'), await c.query('FROM duckdb_secrets()'), await c.query('FROM duckdb_databases()'),
  ]));
  const error = await rejection(cursor((c) => c.query(`SELECT '${secret.replaceAll("'", "''")}', the-session-token FROM`)));
  const failed = await rejection(cursor((c) => c.query("FROM 's3://lake/t/part.parquet'")));
  for (const text of [seen, error.message, error.stack, String((error.cause as Error).stack), failed.message, failed.stack]) {
    expect(text).not.toContain(secret);
    expect(text).not.toContain(secret.replaceAll("'", "''"));
    expect(text).not.toContain('the-session-token');
  }
  expect(error.message).toContain('[redacted]');
});

test('credentials that change are taken up by the next query', async () => {
  const { cursor } = freshRuntime({ ...environment, AWS_SECRET_ACCESS_KEY: 'not-the-right-one' });
  const count = () => cursor((c) => c.queryOne("SELECT count(*) AS n FROM 's3://lake/t/part.parquet'"));
  await rejection(count());
  process.env.AWS_SECRET_ACCESS_KEY = s3.secretAccessKey;
  expect(await count()).toEqual({ n: 1000 });
});

test('S3 refuses: the error keeps DuckDB\'s text and class, and says which permission is missing', async () => {
  const { cursor } = freshRuntime({ ...environment, AWS_SECRET_ACCESS_KEY: 'not-the-right-one' });
  const error = await rejection(cursor((c) => c.query("FROM 's3://lake/t/part.parquet'")));
  expect(error).toMatchObject({ code: 'QUERY', duckdbType: 'HTTP Error', retryable: false });
  expect(error.message).toMatch(/403/);
  expect(error.message).toContain('hint: S3 does not know the AWS credentials');
  says('S3.signatureDoesNotMatch', error.message);
});

test('Parquet that is not there: the error says so', async () => {
  const { cursor } = freshRuntime(environment);
  const missing = await rejection(cursor((c) => c.query("FROM 's3://lake/t/none.parquet'")));
  expect(missing).toMatchObject({ code: 'QUERY', duckdbType: 'HTTP Error' });
  expect(missing.message).toMatch(/404[\s\S]*hint: nothing exists there/);
  const nothing = await rejection(cursor((c) => c.query("FROM 's3://lake/none/*.parquet'")));
  expect(nothing).toMatchObject({ code: 'QUERY', duckdbType: 'IO Error' });
  expect(nothing.message).toMatch(/No files found that match the pattern[\s\S]*hint: nothing exists there/);
});

test('bootstrap: [] does without, and names that are not declared are refused', async () => {
  const { cursor } = freshRuntime(environment);
  expect(await cursor({ bootstrap: [] }, (c) => c.query('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
  const error = await rejection(cursor({ bootstrap: ['s4'] }, (c) => c.query('SELECT 1')));
  expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable: false, message: 'unknown bootstrap step "s4"; declared are: "s3"' });
});

test('a session or DuckDB with bootstrap: [] has no secret at all; by default it has', async () => {
  const { session, DuckDB } = freshRuntime(environment);
  const secrets = 'SELECT name FROM duckdb_secrets()';
  expect(await session({ bootstrap: [] }, (s) => s.query(secrets))).toEqual([]);
  expect(await session((s) => s.query(secrets))).toEqual([{ name: 's3' }]);
  await using none = new DuckDB({ bootstrap: [] });
  await using all = new DuckDB();
  expect(await none.cursor((c) => c.query(secrets))).toEqual([]);
  expect(await all.cursor((c) => c.queryOne("SELECT count(*) AS n FROM 's3://lake/t/part.parquet'"))).toEqual({ n: 1000 });
});

test('credentials that change are taken up also where only a view names S3', async () => {
  const { cursor } = freshRuntime({ ...environment, AWS_SECRET_ACCESS_KEY: 'not-the-right-one' });
  process.env.AWS_SECRET_ACCESS_KEY = s3.secretAccessKey;
  await cursor((c) => c.execute("CREATE VIEW v AS FROM 's3://lake/t/part.parquet'"));
  process.env.AWS_SECRET_ACCESS_KEY = 'wrong-again';
  await rejection(cursor((c) => c.query('FROM v')));
  process.env.AWS_SECRET_ACCESS_KEY = s3.secretAccessKey;
  expect(await cursor((c) => c.queryOne('SELECT count(*) AS n FROM v'))).toEqual({ n: 1000 });
});

test('a step that cannot run is paid for by no statement but those that need it', async () => {
  const { cursor } = freshRuntime({ ...environment, AWS_ENDPOINT_URL_S3: 'not a URL' });
  await cursor((c) => c.query('SELECT 1'));
  const lastRun = async () => (await sharedInstance()).bootstrap.timings.s3;
  const atCreation = await lastRun();
  expect(await cursor((c) => c.query('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
  expect([atCreation, await lastRun()]).toEqual([expect.any(Number), atCreation]);
  expect(await rejection(cursor((c) => c.query("FROM 's3://lake/t/part.parquet'")))).toMatchObject({
    code: 'BOOTSTRAP', message: 'the bootstrap step "s3" failed: the S3 endpoint "not a URL" is not a URL; expected one such as http://127.0.0.1:9000',
  });
});

describe('where the environment has no credentials', () => {
  let home: string;
  let served: number;
  let fail: boolean;
  let expiration: string;
  const provider = createServer((_, response) => {
    served += 1;
    response.statusCode = fail ? 500 : 200;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ AccessKeyId: s3.accessKeyId, SecretAccessKey: s3.secretAccessKey, Token: '', Expiration: expiration }));
  });

  beforeAll(() => new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve)));
  afterAll(() => provider.close());
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'home-'));
    served = 0;
    fail = false;
    expiration = new Date(Date.now() + 3_600_000).toISOString();
  });
  afterEach(() => rmSync(home, { recursive: true }));

  /** As in a container: the SDK's chain asks an endpoint for them. */
  function withProvider(): Record<string, string> {
    const { AWS_ACCESS_KEY_ID: _key, AWS_SECRET_ACCESS_KEY: _secret, ...others } = environment;
    const empty = join(home, 'none');
    return {
      ...others,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${(provider.address() as AddressInfo).port}/`,
      AWS_CONFIG_FILE: empty,
      AWS_SHARED_CREDENTIALS_FILE: empty,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_MAX_ATTEMPTS: '1',
    };
  }

  test('the AWS SDK\'s chain is asked, once, when a query names S3', async () => {
    const { cursor } = freshRuntime(withProvider());
    await cursor((c) => c.query('SELECT 1'));
    expect(served).toBe(0);
    const counts = await Promise.all(Array.from({ length: 4 }, () => cursor((c) => c.queryOne("SELECT count(*) AS n FROM 's3://lake/t/part.parquet'"))));
    expect(counts).toEqual(Array(4).fill({ n: 1000 }));
    expect(served).toBe(1);
  });

  test('credentials near their end are renewed', async () => {
    expiration = new Date(Date.now() + 60_000).toISOString();
    const { cursor } = freshRuntime(withProvider());
    const count = () => cursor((c) => c.queryOne("SELECT count(*) AS n FROM 's3://lake/t/part.parquet'"));
    await count();
    await count();
    expect(served).toBe(2);
  });

  test('a profile on a laptop works too', async () => {
    const credentials = join(home, 'credentials');
    writeFileSync(credentials, `[default]\naws_access_key_id = ${s3.accessKeyId}\naws_secret_access_key = ${s3.secretAccessKey}\n`);
    const { cursor } = freshRuntime({ ...withProvider(), AWS_SHARED_CREDENTIALS_FILE: credentials });
    expect(await cursor((c) => c.queryOne("SELECT count(*) AS n FROM 's3://lake/t/part.parquet'"))).toEqual({ n: 1000 });
    expect(served).toBe(0);
  });

  test('when it fails, only the statements that need S3 fail, with the reason; the next one tries again', async () => {
    fail = true;
    const { cursor } = freshRuntime(withProvider());
    const count = () => cursor((c) => c.queryOne("SELECT count(*) AS n FROM 's3://lake/t/part.parquet'"));
    const error = await rejection(count());
    expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable: false });
    expect(error.message).toContain('the bootstrap step "s3" failed: ');
    // A hit of the scan is advice: the text only looks as if it needed S3.
    expect(await cursor((c) => c.query("SELECT 's3://lake/x' AS url"))).toEqual([{ url: 's3://lake/x' }]);
    fail = false;
    expect(await count()).toEqual({ n: 1000 });
  });
});

test.each([
  [{}, /has scopes undefined, expected a list such as \["s3:\/\/bucket\/"\]/],
  [{ scopes: ['bucket'] }, /has scopes \["bucket"\]/],
  [{ scopes: ['s3://b/'], region: 5 }, /has region 5/],
])('a step configured as %j is refused', async (stepConfig, message) => {
  const { cursor } = freshRuntime({ ...environment, ...config({ extensions: ['httpfs'], steps: [{ name: 's3', type: 's3', config: stepConfig }] }) });
  const error = await rejection(cursor((c) => c.query('SELECT 1')));
  expect(error.code).toBe('CONFIG');
  expect(error.message).toMatch(message);
});
