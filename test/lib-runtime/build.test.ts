import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectWithRuntime, runScript, valuesOf } from './built-runtime';
import { signedExtensions } from './signed-extensions';
import { client } from '../../assets/docker/versions.json';
import { repositoryRoot } from '../bed/paths';

const NODE_MODULES = join(repositoryRoot, 'node_modules');

let project: string;
let packed: string;
let scratch: string;

beforeAll(async () => {
  project = await projectWithRuntime();
  packed = join(project, 'node_modules/cdk-duckdb-lambda/runtime');
  scratch = mkdtempSync(join(tmpdir(), 'build-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('the same bytes in another directory, and no path of this machine in them', () => {
  const elsewhere = join(scratch, 'some', 'where else');
  mkdirSync(elsewhere, { recursive: true });
  for (const part of ['lib-runtime', 'package.json', 'LICENSE']) cpSync(join(repositoryRoot, part), join(elsewhere, part), { recursive: true });
  symlinkSync(NODE_MODULES, join(elsewhere, 'node_modules'));
  execFileSync(process.execPath, [join(elsewhere, 'lib-runtime/build.mjs')]);
  const built = join(elsewhere, 'runtime');
  const filesIn = (directory: string) => readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => /\.\w+$/.test(file)).sort();
  const files = filesIn(packed);
  expect(filesIn(built)).toEqual(files);
  for (const file of files) {
    const bytes = readFileSync(join(packed, file), 'utf8');
    expect(readFileSync(join(built, file), 'utf8') === bytes).toBe(true);
    expect(bytes).not.toContain(repositoryRoot);
  }
}, 90_000);

test('all that is bundled is named with its licence, and the client is not bundled', () => {
  const notices = readFileSync(join(packed, 'THIRD-PARTY-NOTICES.txt'), 'utf8');
  expect(notices).toMatch(/^@aws-sdk\/credential-provider-node \d+\.\d+\.\d+ \(Apache-2\.0\)$/m);
  expect(notices).toMatch(/^@smithy\/core \d+\.\d+\.\d+ \(Apache-2\.0\)$/m);
  expect(notices).toContain('Apache License');
  expect(notices).not.toContain('@duckdb');
});

test('the ES module imports nothing of Node.js but what it requires the rest with', () => {
  const imports = readFileSync(join(packed, 'index.mjs'), 'utf8').match(/^import .*$/gm);
  expect(imports).toEqual(["import { createRequire as __createRequire } from 'node:module';"]);
});

test('the check of query files is a program of its own, and no part of what functions load', () => {
  const queries = join(scratch, 'queries');
  mkdirSync(queries);
  writeFileSync(join(queries, 'a.sql'), '-- @parm x\nSELECT 1');
  const { stdout } = spawnSync(process.execPath, [join(packed, 'check-queries.js'), queries], { encoding: 'utf8' });
  const word = 'which is not a directive';
  expect(JSON.parse(stdout).errors).toEqual([expect.stringContaining(word)]);
  for (const file of ['index.js', 'index.mjs']) expect(readFileSync(join(packed, file), 'utf8')).not.toContain(word);
});

describe.each(['module', 'commonjs'] as const)('imported as %s', (format) => {
  const load = format === 'module'
    ? "const { cursor } = await import('cdk-duckdb-lambda/runtime');"
    : "const { cursor } = require('cdk-duckdb-lambda/runtime');";

  test('it answers', async () => {
    const script = `(async () => { ${load} console.log(JSON.stringify(await cursor((c) => c.query('SELECT 1 AS one')))); })();`;
    expect(await valuesOf(script, { format })).toEqual([[{ one: 1 }]]);
  });

  test('nothing of cryptography is loaded for it', async () => {
    const script = `(async () => {
      const before = process.moduleLoadList.length;
      ${load}
      console.log(JSON.stringify(process.moduleLoadList.slice(before).filter((name) => name.includes('crypto'))));
    })();`;
    expect(await valuesOf(script, { format })).toEqual([[]]);
  });

  test('without the client it says what to install', async () => {
    const bare = join(scratch, format);
    cpSync(join(project, 'node_modules'), join(bare, 'node_modules'), { recursive: true });
    const script = `(async () => { ${load} })().catch((e) => console.log(JSON.stringify({ name: e.name, code: e.code, message: e.message })));`;
    expect(await valuesOf(script, { format, cwd: bare })).toEqual([{
      name: 'ConfigError',
      code: 'CONFIG',
      message: `cannot find "@duckdb/node-api", which cdk-duckdb-lambda/runtime needs: npm install @duckdb/node-api@${client}`,
    }]);
  });

  test('the AWS SDK\'s credential chain is a chunk of its own, and is found', async () => {
    const script = `(async () => {
      ${load}
      const error = await cursor((c) => c.query("FROM 's3://b/x.parquet'")).catch((e) => e);
      console.log(JSON.stringify({ code: error.code, message: error.message }));
    })();`;
    const [error] = await valuesOf(script, {
      format,
      env: {
        DUCKDB_LAMBDA_CONFIG: JSON.stringify({ version: 1, steps: [{ name: 's3', type: 's3', config: { scopes: ['s3://b/'] } }] }),
        AWS_CONFIG_FILE: '/dev/null',
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        AWS_EC2_METADATA_DISABLED: 'true',
        HOME: scratch,
        http_proxy: 'http://127.0.0.1:1',
      },
    });
    expect(error.message).toMatch(/Could not load credentials from any providers|httpfs/);
  });
});

test('ESM and CommonJS copies in one process share the instance, and know each other\'s errors', async () => {
  const script = `
    import { createRequire } from 'node:module';
    import * as esm from 'cdk-duckdb-lambda/runtime';
    const cjs = createRequire(process.cwd() + '/')('cdk-duckdb-lambda/runtime');
    await esm.cursor((c) => c.execute('CREATE TABLE shared AS SELECT 42 AS answer'));
    const error = await cjs.cursor((c) => c.query('FROM missing')).catch((e) => e);
    esm.registerBootstrapStep('own', { run: async (connection) => void await connection.run("ATTACH ':memory:' AS own; CREATE TABLE own.t AS SELECT 1 AS x") });
    console.log(JSON.stringify({
      copies: esm.cursor !== cjs.cursor,
      rows: await cjs.cursor((c) => c.query('FROM shared')),
      step: await cjs.cursor((c) => c.query('FROM own.t')),
      registries: globalThis[Symbol.for('cdk-duckdb-lambda.registry.v1')].shared.size,
      instanceOf: [error instanceof esm.QueryError, error instanceof esm.DuckDbError, error instanceof Error, error instanceof esm.ClosedError],
    }));
  `;
  const own = { name: 'own', type: 'own', provides: ['own'] };
  expect(await valuesOf(script, { env: { DUCKDB_LAMBDA_CONFIG: JSON.stringify({ version: 1, steps: [own] }) } })).toEqual([
    { copies: true, rows: [{ answer: 42 }], step: [{ x: 1 }], registries: 1, instanceOf: [true, true, true, false] },
  ]);
});

describe('parts of their own', () => {
  const loadedBy = async (step: object, env: Record<string, string>) => {
    const script = `(async () => {
      const { cursor } = require('cdk-duckdb-lambda/runtime');
      await globalThis[Symbol.for('cdk-duckdb-lambda.init.v1')];
      await cursor((c) => c.query('SELECT 1'));
      const loaded = Object.keys(require.cache).map((file) => file.split('/').at(-1));
      console.log('loaded ' + ['prefetch.js', 'request-log.js'].filter((file) => loaded.includes(file)));
      await cursor((c) => c.query("FROM 's3://lake/x.parquet'")).catch(() => undefined);
    })();`;
    const steps = [{ name: 's3', type: 's3', config: { scopes: ['s3://lake/'], ...step } }];
    const { stdout, stderr } = await runScript(script, {
      format: 'commonjs',
      env: {
        DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs'),
        DUCKDB_LAMBDA_CONFIG: JSON.stringify({ version: 1, mode: 'eager', extensions: ['httpfs'], steps, settings: { http_retries: '0' } }),
        AWS_LAMBDA_RUNTIME_API: '127.0.0.1:1',
        AWS_ACCESS_KEY_ID: 'a',
        AWS_SECRET_ACCESS_KEY: 'b',
        AWS_REGION: 'eu-west-1',
        AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1',
        ...env,
      },
    });
    return { loaded: /^loaded (.*)$/m.exec(stdout)?.[1], stdout, stderr };
  };

  test('are not loaded where nobody asks for them', async () => {
    expect((await loadedBy({}, {})).loaded).toBe('');
  });

  test('prefetch', async () => {
    const { loaded, stderr } = await loadedBy({ prefetch: ['s3://lake/*.parquet'] }, {});
    expect(loaded).toBe('prefetch.js');
    expect(stderr).toMatch(/^the prefetch of "s3:\/\/lake\/\*\.parquet" failed: /m);
  });

  test('the count of requests', async () => {
    const { loaded, stdout } = await loadedBy({}, { DUCKDB_LAMBDA_DEBUG: 'requests' });
    expect(loaded).toBe('request-log.js');
    expect(stdout).toMatch(/^\{"message":"duckdb requests","sql":"FROM 's3:\/\/lake\/x\.parquet'","milliseconds":[\d.]+\}$/m);
  });
});

describe('an error has its class\'s name, however its code was bundled', () => {
  const config = (parts: object) => ({ DUCKDB_LAMBDA_CONFIG: JSON.stringify({ version: 1, ...parts }) });
  const s3 = (parts: object) => config({ steps: [{ name: 's3', type: 's3', config: { scopes: ['s3://lake/'], ...parts } }] });
  const secret = { secretsManager: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-AbCdEf' };
  const postgres = (credentials: object) => config({
    steps: [
      { name: 'pg', type: 'postgres', provides: ['pg'], config: { catalog: 'pg', host: '127.0.0.1', database: 'app', user: 'reader', ...credentials } },
    ],
  });
  /** Neither AWS nor its endpoints are reached. */
  const nowhere = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: 'no-url' };

  test.each([
    ['values/parameter-values', 'ParameterError', 'PARAMETER', 'c.query("SELECT ?", [new Map([[1, Symbol("a")]])])', {}],
    ['extensions/on-demand-extensions', 'ExtensionError', 'EXTENSION', 'c.query("SELECT st_point(1, 2)")', {}],
    ['bootstrap/s3/environment-s3', 'BootstrapError', 'BOOTSTRAP', 'c.bootstrap("s3")', { ...nowhere, AWS_ENDPOINT_URL_S3: 'no-url' }],
    ['aws/assume-role', 'BootstrapError', 'BOOTSTRAP', 'c.bootstrap("s3")', { ...s3({ assumeRole: 'arn:aws:iam::123456789012:role/reader' }), ...nowhere }],
    ['aws/secret-providers', 'BootstrapError', 'BOOTSTRAP', 'c.bootstrap("pg")', { ...postgres({ password: secret }), ...nowhere }],
    ['aws/rds-token', 'BootstrapError', 'BOOTSTRAP', 'c.bootstrap("pg")', { ...postgres({ iam: true }), ...nowhere, AWS_REGION: '' }],
  ])('%s', async (_, name, code, call, env) => {
    const script = `
      import * as runtime from 'cdk-duckdb-lambda/runtime';
      const error = await runtime.cursor((c) => ${call}).catch((e) => e);
      const causes = [];
      for (let each = error; each instanceof Error; each = each.cause) {
        const classes = Object.keys(runtime).filter((key) => runtime[key].prototype instanceof Error && each instanceof runtime[key]);
        if (each instanceof runtime.DuckDbError) causes.push({ name: each.name, code: each.code, is: classes });
      }
      console.log(JSON.stringify(causes));
    `;
    const [causes] = await valuesOf(script, { env: { DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs'), ...env } });
    expect(causes[0]).toMatchObject({ name, code });
    const classOf = (word: string) => `${word.toLowerCase().replace(/(?:^|_)(.)/g, (__, letter: string) => letter.toUpperCase())}Error`;
    for (const cause of causes) {
      expect([cause.name, cause.is.sort()]).toEqual([classOf(cause.code), ['DuckDbError', classOf(cause.code)].sort()]);
    }
  });
});

describe('the cold start', () => {
  const LAMBDA = { AWS_LAMBDA_RUNTIME_API: '127.0.0.1:1', AWS_LAMBDA_FUNCTION_NAME: 'f', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769' };

  test('is one structured line, at the end of the first query', async () => {
    const script = `
      import { cursor } from 'cdk-duckdb-lambda/runtime';
      await cursor(async (c) => { await c.query('SELECT 1'); await c.query('SELECT 2'); });
      await cursor((c) => c.query('SELECT 3'));
    `;
    const { stdout } = await runScript(script, { env: LAMBDA });
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toEqual({
      message: 'duckdb cold start',
      open: expect.any(Number),
      load: expect.any(Number),
      lock: expect.any(Number),
      steps: {},
      firstQuery: expect.any(Number),
      total: expect.any(Number),
    });
  });

  test('opens the instance at import, before the client\'s JavaScript is evaluated', async () => {
    const script = `
      const { createRequire } = await import('node:module');
      const order = [];
      const require = createRequire(process.cwd() + '/');
      const bindings = require('@duckdb/node-bindings');
      const open = (...args) => {
        const evaluated = Object.keys(require.cache).some((file) => file.includes('/node-api/lib/'));
        order.push(evaluated ? 'late' : 'early');
        return bindings.open(...args);
      };
      require.cache[require.resolve('@duckdb/node-bindings')].exports = Object.create(bindings, { open: { value: open } });
      await import('cdk-duckdb-lambda/runtime');
      console.log(JSON.stringify(order));
    `;
    expect(await valuesOf(script, { env: LAMBDA })).toEqual([['early']]);
    expect(await valuesOf(script)).toEqual([[]]);
  });

  test('that fails to open does not fail the import: the first call says why, and the next one tries again', async () => {
    const script = `
      const { cursor } = await import('cdk-duckdb-lambda/runtime');
      await new Promise((resolve) => setTimeout(resolve, 200));
      const attempt = () => cursor((c) => c.query('SELECT 1 AS one')).catch((e) => ({ code: e.code, message: e.message }));
      console.log(JSON.stringify(await attempt()));
      process.env.DUCKDB_LAMBDA_CONFIG = '{"version":1}';
      console.log(JSON.stringify(await attempt()));
    `;
    const [first, second] = await valuesOf(script, { env: { AWS_LAMBDA_RUNTIME_API: '127.0.0.1:1', DUCKDB_LAMBDA_CONFIG: '{"version":2}' } });
    expect(first).toEqual({ code: 'CONFIG', message: expect.stringContaining('has version 2, expected 1') });
    expect(second).toEqual([{ one: 1 }]);
  });
});

describe('types', () => {
  const HANDLER = `
    import { cursor, DuckDbError, type Cursor } from 'cdk-duckdb-lambda/runtime';
    interface User { name: string }
    interface Filter { id: bigint }
    const filter: Filter = { id: 1n };
    async function names(c: Cursor): Promise<string[]> {
      return (await c.query<User>('FROM users WHERE id = $id', filter)).map((user) => user.name);
    }
    export const handler = async (): Promise<string[]> => {
      try {
        return await cursor({ bootstrap: ['s3'] }, (c) => c.transaction(names));
      } catch (error) {
        if (error instanceof DuckDbError && error.code === 'QUERY' && error.duckdbType === 'Binder Error') return [];
        throw error;
      }
    };
  `;

  // Without skipLibCheck: what the compiler thinks of our own declarations counts.
  test.each([
    ['lib es2022, no @types/node, no client', 'mts', { lib: ['es2022'], types: [] }, HANDLER],
    ['the same as CommonJS', 'cts', { lib: ['es2022'], types: [] }, HANDLER],
    ['lib es2022, @types/node, no client, for a bundler', 'ts', { lib: ['es2022'], types: ['node'], module: 'esnext', moduleResolution: 'bundler' }, `${HANDLER}
      export const bounded = () => cursor({ signal: AbortSignal.timeout(1000) }, (c) => c.query('SELECT 1'));`],
    ['lib with AsyncDisposable, and the client', 'mts', { lib: ['es2022', 'esnext.disposable', 'dom'], types: ['node'] }, `${HANDLER}
      export async function using() {
        await using c = await cursor({ signal: new AbortController().signal });
        return c.withConnection(async (connection) => (await connection.createAppender('t')).closeSync());
      }`],
  ])('%s', (_, extension, options, handler) => {
    const directory = mkdtempSync(join(scratch, 'types-'));
    mkdirSync(join(directory, 'node_modules/@types'), { recursive: true });
    cpSync(join(project, 'node_modules/cdk-duckdb-lambda'), join(directory, 'node_modules/cdk-duckdb-lambda'), { recursive: true });
    for (const part of ['@types/node', 'undici-types', ...handler.includes('withConnection') ? ['@duckdb'] : []]) {
      symlinkSync(join(NODE_MODULES, part), join(directory, 'node_modules', part));
    }
    writeFileSync(join(directory, `handler.${extension}`), handler);
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({
      compilerOptions: { strict: true, noEmit: true, target: 'es2022', module: 'nodenext', ...options },
      files: [`handler.${extension}`],
    }));
    expect(spawnSync(process.execPath, [join(NODE_MODULES, 'typescript/bin/tsc'), '-p', directory], { encoding: 'utf8' }).stdout).toBe('');
  }, 90_000);
});
