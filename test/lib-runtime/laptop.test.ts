import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { valuesOf } from './built-runtime';
import { config } from './runtime-config';
import { DUCKDB_VERSION, extensionFile, signedExtensions } from './signed-extensions';
import { describeWith } from '../bed/require';
import { startS3, type S3Server } from '../bed/servers/s3';

const SECRET = 'not-to-be-seen-by-any-sql';

/** Where nothing answers: what is tried over the network fails at once. */
const OFFLINE = { http_proxy: 'http://127.0.0.1:1', HTTP_PROXY: 'http://127.0.0.1:1', HTTPS_PROXY: 'http://127.0.0.1:1' };

/** A handler's code on a laptop: no stack has declared anything. */
describeWith('s3', 'without a stack', () => {
  let s3: S3Server;
  let baked: string;
  let scratch: string;
  /** A home in which DuckDB's own install has put the extensions. */
  let home: string;
  let aws: Record<string, string>;

  beforeAll(async () => {
    [s3, baked] = await Promise.all([startS3(), signedExtensions('httpfs', 'tpch', 'aws')]);
    scratch = mkdtempSync(join(tmpdir(), 'laptop-'));
    home = join(scratch, 'home');
    cpSync(join(baked, `v${DUCKDB_VERSION}`), join(home, `.duckdb/extensions/v${DUCKDB_VERSION}`), { recursive: true });
    mkdirSync(join(s3.dir, 'lake'));
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    await connection.run(`COPY (SELECT range AS i FROM range(1000)) TO '${s3.dir}/lake/part.parquet'`);
    connection.closeSync();
    instance.closeSync();
    aws = {
      HOME: home,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_REGION: s3.region,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
    };
  });
  afterAll(async () => {
    await s3?.stop();
    rmSync(scratch, { recursive: true, force: true });
  });

  /** A script in which `run(sql, params)` gives rows, or the error that came in their place. */
  const script = (body: string) => `
    import { cursor, session, DuckDB, DEFAULT_BOOTSTRAP } from 'cdk-duckdb-lambda/runtime';
    const outcome = (promise) => promise.catch((error) => ({ code: error.code, retryable: error.retryable, message: error.message }));
    const run = (sql, params) => outcome(cursor((c) => c.query(sql, params)));
    const print = (value) => console.log(JSON.stringify(value));
    console.debug = () => undefined;
    ${body}`;
  const COUNT = "SELECT count(*) AS n FROM 's3://lake/part.parquet'";
  const visible = "SELECT list(value ORDER BY name) AS v FROM duckdb_settings() WHERE name IN ('s3_access_key_id', 's3_secret_access_key', 's3_session_token')";
  const BLANK = [{ v: ['', '', ''] }];

  describe('S3', () => {
    test('is read and written by the SDK\'s variables, in every kind of connection, and shown to no SQL', async () => {
      const [rows, seen] = await valuesOf(script(`
        await cursor((c) => c.execute("COPY (SELECT 1 AS one) TO 's3://lake/one.parquet'"));
        const database = new DuckDB();
        print([
          await run("FROM 's3://lake/one.parquet'"), await run(${JSON.stringify(COUNT)}), await session((s) => s.query(${JSON.stringify(COUNT)})),
          await database.cursor((c) => c.query(${JSON.stringify(COUNT)})), await cursor({ bootstrap: DEFAULT_BOOTSTRAP }, (c) => c.query(${JSON.stringify(COUNT)})),
        ]);
        await database.destroy();
        print([await run(${JSON.stringify(visible)}), await session(async (s) => [await s.query(${JSON.stringify(COUNT)}), await s.query(${JSON.stringify(visible)})])]);
      `), { env: aws });
      expect(rows).toEqual([[{ one: 1 }], ...Array(4).fill([{ n: 1000 }])]);
      expect(seen).toEqual([BLANK, [[{ n: 1000 }], BLANK]]);
    });

    test('is read where only a parameter names it, and in a transaction', async () => {
      const [values] = await valuesOf(script(`print([
        await run('SELECT count(*) AS n FROM read_parquet($file)', { file: 's3://lake/part.parquet' }),
        await session((s) => s.transaction((t) => t.query(${JSON.stringify(COUNT)}))),
        await session(async (s) => {
          await s.execute('BEGIN');
          const first = await outcome(s.query('SELECT count(*) AS n FROM read_parquet($file)', { file: 's3://lake/part.parquet' }));
          await s.execute('ROLLBACK; BEGIN');
          return [first, await s.query('SELECT count(*) AS n FROM read_parquet($file)', { file: 's3://lake/part.parquet' })];
        }),
      ])`), { env: aws });
      const aborted = { code: 'EXTENSION', retryable: true, message: expect.stringContaining('"httpfs" is loaded now') };
      expect(values).toEqual([[{ n: 1000 }], [{ n: 1000 }], [aborted, [{ n: 1000 }]]]);
    });

    test('is found by the SDK\'s chain: a profile, and its region', async () => {
      const credentials = join(scratch, 'credentials');
      writeFileSync(credentials, `[work]\naws_access_key_id = ${s3.accessKeyId}\naws_secret_access_key = ${s3.secretAccessKey}\n`);
      const profile = join(scratch, 'config-of-work');
      writeFileSync(profile, '[profile work]\nregion = eu-central-1\n');
      const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _secret, AWS_REGION: _region, ...others } = aws;
      const env = { ...others, AWS_PROFILE: 'work', AWS_SHARED_CREDENTIALS_FILE: credentials, AWS_CONFIG_FILE: profile };
      expect(await valuesOf(script(`print([
        await run(${JSON.stringify(COUNT)}), await run('SELECT count(*) AS n FROM read_parquet(?)', ['s3://lake/part.parquet']),
        (await run('SELECT secret_string FROM duckdb_secrets()'))[0].secret_string,
      ])`), { env })).toEqual([[[{ n: 1000 }], [{ n: 1000 }], expect.stringContaining('region=eu-central-1')]]);
    });

    test('a public bucket is read without any credentials; what is refused says which are missing', async () => {
      const requests: (string | undefined)[] = [];
      const server = await listening(createServer((request, response) => {
        requests.push(request.headers.authorization);
        response.statusCode = request.url?.startsWith('/public/') ? 200 : 403;
        response.setHeader('content-type', 'text/csv');
        response.end(response.statusCode === 200 && request.method !== 'HEAD' ? 'i\n1\n' : '');
      }));
      try {
        const env = {
          HOME: home,
          AWS_ENDPOINT_URL_S3: address(server),
          AWS_EC2_METADATA_DISABLED: 'true',
          AWS_CONFIG_FILE: join(scratch, 'none'),
          AWS_SHARED_CREDENTIALS_FILE: join(scratch, 'none'),
        };
        const [values] = await valuesOf(script("print([await run(\"FROM read_csv('s3://public/a.csv')\"), await run(\"FROM read_csv('s3://private/a.csv')\")])"), { env });
        expect(values).toEqual([[{ i: 1 }], {
          code: 'BOOTSTRAP', retryable: false, message: expect.stringMatching(/S3 refused a request without a signature.*AWS_PROFILE.*aws sso login/),
        }]);
        expect(new Set(requests)).toEqual(new Set([undefined]));
      } finally {
        server.close();
      }
    });

    test('when the chain fails, a public bucket can be read all the same; what is refused says why it failed, and the next statement asks again', async () => {
      const profile = join(scratch, 'config');
      writeFileSync(profile, `[profile work]
sso_session = work
sso_account_id = 111111111111
sso_role_name = reader
[sso-session work]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-1
`);
      const server = await listening(createServer((request, response) => {
        response.statusCode = request.url?.startsWith('/public/') ? 200 : 403;
        response.end(response.statusCode === 200 && request.method !== 'HEAD' ? 'i\n1\n' : '');
      }));
      try {
        const env = {
          HOME: home,
          AWS_ENDPOINT_URL_S3: address(server),
          AWS_PROFILE: 'work',
          AWS_CONFIG_FILE: profile,
          AWS_SHARED_CREDENTIALS_FILE: join(scratch, 'none'),
          AWS_EC2_METADATA_DISABLED: 'true',
        };
        const [values] = await valuesOf(script(`print([
          await run("FROM read_csv('s3://public/a.csv')"), await run("FROM read_csv('s3://private/a.csv')"),
          process.env.AWS_ACCESS_KEY_ID = 'key', process.env.AWS_SECRET_ACCESS_KEY = 'secret', await run("FROM read_csv('s3://public/a.csv')"),
        ])`), { env });
        expect(values).toEqual([[{ i: 1 }], { code: 'BOOTSTRAP', retryable: true, message: expect.stringMatching(/^the bootstrap step "s3" failed: .*aws sso login/) }, 'key', 'secret', [{ i: 1 }]]);
      } finally {
        server.close();
      }
    });

    test('the endpoint is the profile\'s, or its services section\'s, where no variable has one', async () => {
      const { AWS_ENDPOINT_URL_S3: endpoint, AWS_REGION: _region, ...others } = aws;
      const file = join(scratch, 'config-with-endpoints');
      writeFileSync(file, `[default]\nregion = eu-central-1\nendpoint_url = ${endpoint}\n
[profile served]\nservices = local\nendpoint_url = http://127.0.0.1:1\n[services local]\ns3 =\n  endpoint_url = ${endpoint}\n
[profile ignoring]\nendpoint_url = ${endpoint}\nignore_configured_endpoint_urls = true\n`);
      const secret = 'SELECT secret_string AS s FROM duckdb_secrets()';
      for (const more of [{}, { AWS_PROFILE: 'served' }, { AWS_REGION: 'eu-west-1' }] as Record<string, string>[]) {
        expect(await valuesOf(script(`print(await run(${JSON.stringify(COUNT)}))`), { env: { ...others, AWS_CONFIG_FILE: file, ...more } })).toEqual([[{ n: 1000 }]]);
      }
      expect(await valuesOf(script(`print([await run('LOAD httpfs'), (await run(${JSON.stringify(secret)}))[0].s.includes('endpoint')])`), {
        env: { ...others, AWS_CONFIG_FILE: file, AWS_PROFILE: 'ignoring' },
      })).toEqual([[[], false]]);
    });

    test('an unknown profile is named', async () => {
      const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _secret, ...others } = aws;
      const env = { ...others, AWS_PROFILE: 'wrok', AWS_CONFIG_FILE: join(scratch, 'none'), AWS_SHARED_CREDENTIALS_FILE: join(scratch, 'none'), AWS_EC2_METADATA_DISABLED: 'true' };
      expect(await valuesOf(script(`print(await run(${JSON.stringify(COUNT)}))`), { env })).toEqual([{
        code: 'BOOTSTRAP', retryable: false, message: expect.stringMatching(/S3 refused a request without a signature, and the profile "wrok" of AWS_PROFILE, if there is one, has no AWS credentials/),
      }]);
    });

    describe('credentials that have expired', () => {
      let server: Server;
      beforeAll(async () => {
        server = await listening(createServer((request, response) => {
          request.resume();
          response.statusCode = 400;
          response.end('<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>');
        }));
      });
      afterAll(() => void server?.close());
      const statements = ["COPY (SELECT 1 AS a) TO 's3://lake/w.csv'", "COPY (SELECT 1 AS a) TO 's3://lake/w.csv'", "FROM read_csv('s3://lake/w.csv')"];
      const outcomes = (env: Record<string, string>) => valuesOf(script(`
        for (const sql of ${JSON.stringify(statements)}) print(await outcome(cursor((c) => c.execute(sql))));
      `), { env: { ...env, AWS_ENDPOINT_URL_S3: address(server) } });
      const advice = /the AWS credentials have expired.*: sign in again, for example with aws sso login, or set new ones/;

      test('of the environment\'s: the query\'s error, which says what to do, each time', async () => {
        expect(await outcomes(aws)).toEqual(Array(3).fill({ code: 'QUERY', retryable: false, message: expect.stringMatching(advice) }));
      });

      test('of a profile\'s, which the chain finds again: they are not called renewed', async () => {
        const file = join(scratch, 'expired-credentials');
        writeFileSync(file, '[default]\naws_access_key_id = key\naws_secret_access_key = secret\naws_session_token = token\n');
        const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _secret, ...others } = aws;
        expect(await outcomes({ ...others, AWS_SHARED_CREDENTIALS_FILE: file, AWS_CONFIG_FILE: join(scratch, 'none') }))
          .toEqual(Array(3).fill({ code: 'BOOTSTRAP', retryable: false, message: expect.stringMatching(advice) }));
      });
    });

    test('a missing local file requests no credentials, and loads nothing', async () => {
      const [values] = await valuesOf(script(`print([
        await run("FROM '/no/such/file.parquet'"), await run("SELECT extension_name AS name FROM duckdb_extensions() WHERE loaded AND extension_name = 'httpfs'"),
      ])`), { env: aws });
      expect(values).toEqual([{ code: 'QUERY', retryable: false, message: expect.stringContaining('No files found') }, []]);
    });

    test('a secret of the user\'s own wins, whenever it is made', async () => {
      const own = `CREATE SECRET mine (TYPE s3, KEY_ID '${s3.accessKeyId}', SECRET '${s3.secretAccessKey}', ENDPOINT '127.0.0.1:${s3.port}', USE_SSL false, URL_STYLE 'path')`;
      const [values] = await valuesOf(script(`
        const after = await session(async (s) => [await outcome(s.query(${JSON.stringify(COUNT)})), await s.execute(${JSON.stringify(own)}), await s.query(${JSON.stringify(COUNT)})]);
        const before = await session(async (s) => [await s.execute(${JSON.stringify(own)}), await s.query(${JSON.stringify(COUNT)})]);
        print([after[0].code, after[2], before[1]]);
      `), { env: { ...aws, AWS_SECRET_ACCESS_KEY: SECRET } });
      expect(values).toEqual(['QUERY', [{ n: 1000 }], [{ n: 1000 }]]);
    });

    test('bootstrap: [] does without it', async () => {
      expect(await valuesOf(script(`print([
        await session({ bootstrap: [] }, async (s) => (await outcome(s.query(${JSON.stringify(COUNT)}))).code),
        await session({ bootstrap: [] }, async (s) => { await s.execute('LOAD httpfs'); return s.query('SELECT name FROM duckdb_secrets()'); }),
      ])`), { env: { ...aws, http_proxy: OFFLINE.http_proxy, HTTP_PROXY: OFFLINE.HTTP_PROXY } })).toEqual([['QUERY', []]]);
    });
  });

  describe('no SQL sees the credentials of the environment, however httpfs comes to be loaded', () => {
    const env = () => ({ ...aws, AWS_SECRET_ACCESS_KEY: SECRET, AWS_SESSION_TOKEN: 'a-session-token' });

    test('by each kind of statement that needs it, in an instance of its own', async () => {
      const statements: ReadonlyArray<[sql: string, parameters?: object]> = [
        ["SELECT * FROM read_csv('http://127.0.0.1:1/a.csv')"],
        ['SELECT * FROM read_csv($file)', { file: 'http://127.0.0.1:1/a.csv' }],
        ["FROM 's3://lake/part.parquet'"],
        ["FROM 'hf://datasets/x/y.parquet'"],
        ['LOAD httpfs'],
        ['LOAD aws'],
        [`LOAD '${extensionFile(baked, 'httpfs')}'`],
        ["SET s3_url_style = 'path'"],
        ["CREATE SECRET mine (TYPE s3, KEY_ID 'a', SECRET 'b')"],
        ["CREATE SECRET mine (TYPE s3, PROVIDER credential_chain, CHAIN 'config')"],
        ["ATTACH 's3://lake/none.duckdb' AS remote"],
        ["COPY (SELECT 1) TO 's3://lake/x.csv'"],
      ];
      const [seen] = await valuesOf(script(`
        print(await Promise.all(${JSON.stringify(statements)}.map(([sql, parameters]) => session({ memory: 100 }, async (s) => {
          await outcome(s.query(sql, parameters));
          const seen = JSON.stringify(await s.query('FROM duckdb_settings()')).includes('${SECRET}');
          await outcome(s.query(${JSON.stringify(COUNT)}));
          return [sql, seen, await s.query(${JSON.stringify(visible)})];
        }))));
      `), { env: env() });
      expect(seen).toEqual(statements.map(([sql]) => [sql, false, BLANK]));
    });

    test('loaded on the client\'s own connection', async () => {
      expect(await valuesOf(script(`print(await session(async (s) => {
        await s.withConnection((connection) => connection.run('LOAD httpfs'));
        return s.query(${JSON.stringify(visible)});
      }))`), { env: env() })).toEqual([BLANK]);
    });

    test('loaded by SQL in a function whose stack declares none', async () => {
      expect(await valuesOf(script(`print(await session(async (s) => {
        await s.execute('LOAD httpfs');
        return s.query(${JSON.stringify(visible)});
      }))`), { env: { ...env(), DUCKDB_EXTENSIONS_DIR: baked, ...config({}) } })).toEqual([BLANK]);
    });

    test('a statement that needs it and reads the settings', async () => {
      const file = join(scratch, 'one.csv');
      writeFileSync(file, 'i\n1\n');
      const server = await listening(createServer((_, response) => response.end('i\n1\n')));
      try {
        const sql = `SELECT (SELECT count(*) FROM read_csv('${address(server)}/a.csv')) AS n, list(value) AS v FROM duckdb_settings() WHERE name = 's3_secret_access_key'`;
        const url = `${address(server)}/a.csv`;
        const unseen = sql.replace(/'http[^']*'/, '$file');
        expect(await valuesOf(script(`
          print(await session((s) => s.query(${JSON.stringify(sql)})));
          print(await session((s) => s.query(${JSON.stringify(unseen)}, { file: ${JSON.stringify(url)} })));
        `), { env: env() })).toEqual(Array(2).fill([{ n: 1, v: [''] }]));
      } finally {
        server.close();
      }
    });

    test('a locked configuration, in which they could not be blanked, loads no httpfs', async () => {
      const [values] = await valuesOf(script(`print(await session(async (s) => {
        await s.execute('SET lock_configuration = true');
        return [await outcome(s.query("FROM read_csv($file)", { file: 'http://127.0.0.1:1/a.csv' })), await s.query(${JSON.stringify(visible)})];
      }))`), { env: env() });
      expect(values).toEqual([{ code: 'CONFIG', retryable: false, message: expect.stringContaining('only then SET lock_configuration = true') }, [{ v: null }]]);
    });

    test('nor does one that a session\'s settings lock; what the error advises works', async () => {
      expect(await valuesOf(script(`
        const locked = await outcome(session({ settings: { lock_configuration: true } }, (s) => s.query(${JSON.stringify(COUNT)})));
        const advised = await session(async (s) => {
          await s.execute('LOAD httpfs');
          await s.execute('SET lock_configuration = true');
          return s.query(${JSON.stringify(COUNT)});
        });
        print([locked, advised]);
      `), { env: aws })).toEqual([[
        expect.objectContaining({ retryable: false, message: expect.stringMatching(/remove lock_configuration from the settings; execute LOAD httpfs, .* only then SET lock_configuration = true/) }),
        [{ n: 1000 }],
      ]]);
    });
  });

  describe('extensions', () => {
    test('DUCKDB_EXTENSIONS_DIR: what a statement needs is loaded from there, its signature checked', async () => {
      const { HOME: _home, ...others } = aws;
      const directory = join(scratch, 'extensions');
      cpSync(baked, directory, { recursive: true });
      writeFileSync(extensionFile(directory, 'postgres_scanner'), Buffer.alloc(20_000));
      const [values] = await valuesOf(script(`print([
        await run(${JSON.stringify(COUNT)}), await run('SELECT count(*) AS n FROM tpch_queries()'), await run("FROM postgres_query('x', 'y')"), await run('SELECT st_point(1, 2)'),
        await run("ATTACH 'a.db' AS a (TYPE sqlite)"),
      ])`), { env: { ...others, ...OFFLINE, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1', HOME: scratch, DUCKDB_EXTENSIONS_DIR: directory } });
      const missing = (name: string) => ({
        code: 'EXTENSION',
        retryable: false,
        message: expect.stringMatching(new RegExp(`^the extension "${name}" is needed, but is not in DUCKDB_EXTENSIONS_DIR: .*`
          + `npx duckdb-extensions install --version 1\\.5\\.5 --platform .* --target ${directory} ${name}$`)),
      });
      expect(values).toEqual([
        [{ n: 1000 }], [{ n: 22 }], { code: 'EXTENSION', retryable: false, message: expect.stringContaining('cannot load') }, missing('spatial'), missing('sqlite_scanner'),
      ]);
    });

    test('offline, what needs none runs without a look at the network; what needs one says what to do', async () => {
      const asked: string[] = [];
      const proxy = await listening(createServer((request, response) => {
        asked.push(request.url!);
        response.statusCode = 404;
        response.end();
      }));
      const empty = join(scratch, 'empty');
      mkdirSync(empty);
      try {
        const env = { ...aws, HOME: empty, http_proxy: address(proxy), HTTP_PROXY: address(proxy) };
        expect(await valuesOf(script("print(await run('SELECT 1 AS one'))"), { env })).toEqual([[{ one: 1 }]]);
        expect(asked).toEqual([]);
        const [error] = await valuesOf(script(`print(await run(${JSON.stringify(COUNT)}))`), { env });
        expect(error).toMatchObject({ code: 'EXTENSION', retryable: false });
        expect(error.message).toMatch(/"httpfs" is not installed .* and cannot be downloaded .*DUCKDB_EXTENSIONS_DIR.*duckdb-extensions install --version 1\.5\.5/s);
        expect(new Set(asked.map((url) => url.replace(/.*\//, '')))).toEqual(new Set(['httpfs.duckdb_extension.gz']));
      } finally {
        proxy.close();
      }
    });
  });

  async function listening(server: Server): Promise<Server> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  const address = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

