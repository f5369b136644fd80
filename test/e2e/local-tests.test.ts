import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { newProject, packLibrary } from './packed-project';
import { client } from '../../assets/docker/versions.json';
import { DuckDbFunction, PostgresCredentials, PostgresEndpoint, PostgresStep, SecretSource } from '../../src';
import { repositoryRoot, run, startPostgres, startS3, type PostgresServer, type S3Server } from '../bed';
import { describeWith } from '../bed/require';
import { signedExtensions } from '../lib-runtime/signed-extensions';

/** What docs/local.md installs, at versions with which it was tried. */
const PACKAGES = {
  '@duckdb/node-api': client, 'jest': '30.5.2', 'ts-jest': '29.4.15', '@types/jest': '30.0.0', 'typescript': '6.0.3', 'vitest': '4.1.12', 'tsx': '4.23.15',
};
const DOCUMENT = readFileSync(join(repositoryRoot, 'docs/local.md'), 'utf8');
const FENCES = [...DOCUMENT.matchAll(/^```(?:m?ts|typescript|json)\n([^]*?)^```/gm)].map(([, code]) => code!);

/** The files that the document shows under a name, in the order in which it shows them. */
function shown(name: string): string[] {
  const heading = `// ${name}\n`;
  return FENCES.filter((code) => code.startsWith(heading)).map((code) => code.slice(heading.length));
}

describeWith(['s3', 'postgres'], 'docs/local.md in a project with the packed library', () => {
  let project: string;
  let s3: S3Server;
  let postgres: PostgresServer;
  let extensions: string;

  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(project, name)), { recursive: true });
    writeFileSync(join(project, name), text);
  };
  const node = async (args: readonly string[], env: Record<string, string> = {}) => {
    const { stdout, stderr } = await run(process.execPath, args, { cwd: project, env: { DUCKDB_EXTENSIONS_DIR: extensions, NO_COLOR: '1', ...env } });
    return stdout + stderr;
  };
  /** Runs VS Code's launch configuration, as far as VS Code itself is not needed. */
  const launch = (name: string) => {
    const { configurations } = JSON.parse(shown('.vscode/launch.json')[0]!) as { configurations: Record<string, any>[] };
    const configuration = configurations.find((each) => each.name.includes(name))!;
    const values: Record<string, string> = { workspaceFolder: project, relativeFile: 'test/spend.test.ts' };
    const args = [configuration.program, ...configuration.runtimeArgs ?? [], ...configuration.args ?? []].filter((each) => each !== undefined)
      .map((each: string) => each.replace(/\$\{(\w+)\}/g, (_, variable) => values[variable]!));
    return configuration.runtimeExecutable === 'npx'
      ? run('npx', ['--no-install', ...args], { cwd: project, env: { DUCKDB_EXTENSIONS_DIR: extensions } }).then(({ stdout }) => stdout)
      : node(args);
  };

  beforeAll(async () => {
    [s3, postgres, extensions] = [await startS3(), await startPostgres(), await signedExtensions('httpfs', 'postgres_scanner', 'ducklake')];
    project = await newProject(await packLibrary(), PACKAGES);
    for (const name of ['src/spend.ts', 'test/spend.test.ts', 'jest.config.cjs', 'vitest.config.mts', 'try.mts']) write(name, shown(name)[0]!);
    const environment = shown('test/environment.ts')[0]!;
    write('test/environment.ts', environment.replace('http://127.0.0.1:9000', s3.endpoint).replace("'test'", `'${s3.accessKeyId}'`).replace('testtest', s3.secretAccessKey));
    write('tsconfig.json', shown('tsconfig.json')[0]!);
    mkdirSync(join(s3.dir, 'my-data-lake'));
  }, 600_000);
  afterAll(async () => { await Promise.all([s3.stop(), postgres.stop()]); });

  test('names the packages that are installed here', () => {
    const installed = [...DOCUMENT.matchAll(/^\$ npm install --save-dev (.*)$/gm)].flatMap(([, names]) => names!.split(' '))
      .map((name) => name.replace(/(?<=.)@.*/, ''));
    expect(new Set(installed)).toEqual(new Set([...Object.keys(PACKAGES).filter((name) => name !== 'tsx'), 'cdk-duckdb-lambda']));
  });

  /** ts-jest does not check types. */
  const checkTypes = () => {
    write('tsconfig.check.json', JSON.stringify({ extends: './tsconfig.json', compilerOptions: { noEmit: true }, include: ['src', 'test'] }));
    return node(['node_modules/typescript/bin/tsc', '--project', 'tsconfig.check.json']);
  };
  const jest = (env?: Record<string, string>) => node(['node_modules/jest/bin/jest.js'], env);

  test('its jest test passes, from a folder and from S3, and fails with a wrong handler', async () => {
    expect(await checkTypes()).toBe('');
    expect(await jest()).toMatch(/Tests: +2 passed, 2 total/);
    expect(await jest({ LAKE_URL: 's3://my-data-lake' })).toMatch(/Tests: +2 passed, 2 total/);
    expect(await launch('jest')).toMatch(/Tests: +2 passed, 2 total/);
    write('src/spend.ts', shown('src/spend.ts')[0]!.replace('sum(', 'min('));
    await expect(jest()).rejects.toThrow(/Tests: +1 failed, 1 passed/);
    write('src/spend.ts', shown('src/spend.ts')[0]!);
  }, 120_000);

  test('jest ends by itself, and its only open handle is that of DuckDB\'s client', async () => {
    const report = await node(['node_modules/jest/bin/jest.js', '--detectOpenHandles']);
    expect(report).toMatch(/1 open handle[^]*DuckDBNapiRefReaper/);
  });

  test('its vitest test passes, with the imports that it names', async () => {
    const imports = FENCES.find((code) => code.startsWith('import') && code.includes("from 'vitest'"))!;
    write('test/spend.test.ts', imports + shown('test/spend.test.ts')[0]!);
    const vitest = ['node_modules/vitest/vitest.mjs', 'run'];
    expect(await node(vitest)).toMatch(/Tests +2 passed/);
    expect(await node([...vitest, '--no-isolate'], { LAKE_URL: 's3://my-data-lake' })).toMatch(/Tests +2 passed/);
    expect(await launch('vitest')).toMatch(/Tests +2 passed/);
  }, 120_000);

  test('its handler runs with the configuration of a stack, and finds what was attached in place of a step\'s catalog', async () => {
    const app = new App({ outdir: join(project, 'cdk.out'), context: { 'aws:cdk:enable-path-metadata': true, 'aws:cdk:bundling-stacks': [] } });
    const stack = new Stack(app, 'Sales');
    const password = StringParameter.fromSecureStringParameterAttributes(stack, 'Password', { parameterName: '/sales/password' });
    new DuckDbFunction(stack, 'Spend', {
      entry: join(project, 'src/spend.ts'),
      bootstrap: [new PostgresStep({
        endpoint: PostgresEndpoint.fromHost('127.0.0.1', { port: 1 }),
        database: 'app',
        credentials: PostgresCredentials.fromPassword('reader', SecretSource.fromSsmParameter(password)),
      })],
    });
    app.synth();
    expect(await launch('configuration')).toBe("[ { name: 'Ada', spent: '12.50' } ]\n");
  });

  test('what it attaches in place of the stack\'s catalogs can be attached', async () => {
    const attached = [...DOCUMENT.matchAll(/^\|.*?`(ATTACH [^`]*)`/gm)].map(([, statement]) => statement!);
    expect(attached.map((statement) => / AS (\w+)/.exec(statement)![1])).toEqual(['pg_replica', 'lake', 'iceberg', 'my_db']);
    const statements = attached.flatMap((statement) => {
      const [, name] = / AS (\w+)/.exec(statement)!;
      return [statement, `CREATE TABLE ${name}.t AS SELECT 42 AS answer`, `FROM ${name}.t`, `DETACH ${name}`];
    });
    const { port, user, password, database } = postgres;
    const local = /### A local PostgreSQL\n\n```sql\n([^]*?)```/.exec(DOCUMENT)![1]!.replace('5432', `${port}`).replace('\'app\'', `'${database}'`)
      .replace('\'postgres\'', `'${user}'`).replace('\'postgres\')', `'${password}')`);
    statements.push(...local.trim().split('\n'), 'SELECT 42 AS answer FROM pg_replica.pg_catalog.pg_class LIMIT 1');
    write('attach.mjs', `
      import { cursor } from 'cdk-duckdb-lambda/runtime';
      for (const statement of ${JSON.stringify(statements)}) {
        const rows = await cursor((c) => c.query(statement));
        if (/^(FROM|SELECT)/.test(statement)) console.log(rows);
      }`);
    expect(await node(['attach.mjs'])).toBe('[ { answer: 42 } ]\n'.repeat(5));
  });

  test('its jest test passes as ES modules', async () => {
    write('test/spend.test.ts', shown('test/spend.test.ts')[0]!);
    const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
    write('package.json', JSON.stringify({ ...manifest, type: 'module' }));
    write('tsconfig.json', shown('tsconfig.json')[1]!);
    rmSync(join(project, 'jest.config.cjs'));
    write('jest.config.js', shown('jest.config.js')[0]!);
    expect(await checkTypes()).toBe('');
    expect(await jest({ NODE_OPTIONS: '--experimental-vm-modules' })).toMatch(/Tests: +2 passed, 2 total/);
  });
});
