import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { queryError } from '../../../lib-runtime/diagnosis/query-error';
import { temporaryDirectory } from '../../temporary-directory';
import { freshRuntime } from '../fresh-runtime';
import { rejection } from '../rejection';
import { config } from '../runtime-config';
import { DUCKDB_VERSION, PLATFORM, signedExtensions } from '../signed-extensions';

const INSTALL = `npx duckdb-extensions install --version ${DUCKDB_VERSION} --platform ${PLATFORM} --target DIR`;
const WRONG_ADVICE = /Please try installing|INSTALL \w+;|SET auto|Install it first/;

describe('an extension that the image has not', () => {
  let image: Record<string, string>;

  beforeAll(async () => {
    image = { DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs', 'tpch'), ...config({ settings: { custom_extension_repository: 'http://127.0.0.1:9' } }) };
  });

  test.each<[string, string, string]>([
    ['a function', 'SELECT ST_Point(1, 2)', "extensions: [DuckDbExtension.core('spatial')]"],
    ['a table function', "FROM read_xlsx('x.xlsx')", "extensions: [DuckDbExtension.core('excel')]"],
    ['a setting', "SET s3_region = 'r'", 'an S3Step in its bootstrap'],
    ['a file on S3', "FROM 's3://b/x.csv'", 'an S3Step in its bootstrap'],
    ['a URL', "FROM 'https://h/x.csv'", "extensions: [DuckDbExtension.core('httpfs')]"],
    ['a kind of database', "ATTACH 'x.db' AS x (TYPE sqlite)", "extensions: [DuckDbExtension.core('sqlite_scanner')]"],
    ['MotherDuck', "ATTACH 'md:x'", 'a MotherDuckStep in its bootstrap'],
    ['a provider of secrets', "LOAD 'httpfs'; CREATE SECRET (TYPE s3, PROVIDER credential_chain, CHAIN 'nothing')", 'credentialChain: true'],
    ['LOAD', 'LOAD spatial', "extensions: [DuckDbExtension.core('spatial')]"],
    ['LOAD of what DuckDB does not know', 'LOAD h3', "extensions: [DuckDbExtension.core('h3')], or .community('h3')"],
    ['INSTALL', 'INSTALL spatial', "extensions: [DuckDbExtension.core('spatial')]"],
  ])('%s: the error says what brings it, and nothing that cannot work', async (_, sql, fix) => {
    const { session } = freshRuntime({ ...image, DUCKDB_EXTENSIONS_DIR: await withoutAws(image.DUCKDB_EXTENSIONS_DIR!) });
    const { message } = await rejection(session((s) => s.query(sql)));
    expect(message).toMatch(/is (?:not in the image, where nothing can be installed|in the image, but not loaded): deploy the function again with/);
    expect(message).toContain(fix);
    expect(message).toContain(INSTALL);
    expect(message).not.toMatch(WRONG_ADVICE);
  });

  test('one of the community is told as such', () => {
    freshRuntime(image);
    const failure = new Error('IO Error: Failed to download extension "h3" at URL "http://community-extensions.duckdb.org/v1/linux_amd64/h3.duckdb_extension.gz"');
    expect(queryError(failure, 'INSTALL h3 FROM community').message).toContain("deploy the function again with extensions: [DuckDbExtension.community('h3')];");
  });

  test('a statement of a step that needs it says so too', async () => {
    const step = { name: 'geo', type: 'sql', provides: ['geo'], config: { statements: ["ATTACH ':memory:' AS geo", 'CREATE TABLE geo.p AS SELECT ST_Point(1, 2) AS p'] } };
    const { cursor } = freshRuntime({ ...image, ...config({ steps: [step] }) });
    const error = await rejection(cursor((c) => c.query('FROM geo.p')));
    expect(error).toMatchObject({ code: 'BOOTSTRAP', message: expect.stringContaining("with extensions: [DuckDbExtension.core('spatial')]") });
    expect(error.message).not.toMatch(WRONG_ADVICE);
  });
});

/** A directory that has httpfs and nothing else. */
async function withoutAws(directory: string): Promise<string> {
  const alone = temporaryDirectory();
  const folder = join(`v${DUCKDB_VERSION}`, PLATFORM);
  mkdirSync(join(alone, folder), { recursive: true });
  copyFileSync(join(directory, folder, 'httpfs.duckdb_extension'), join(alone, folder, 'httpfs.duckdb_extension'));
  return alone;
}

test('on a machine without a network the error says how to do without', async () => {
  const home = temporaryDirectory();
  const { session } = freshRuntime();
  const settings = { extension_directory: home, custom_extension_repository: 'http://127.0.0.1:9' };
  const error = await rejection(session({ settings }, (s) => s.query("FROM read_xlsx('x.xlsx')")));
  expect(error).toMatchObject({ code: 'EXTENSION', message: expect.stringContaining('extension "excel" is not installed') });
  expect(error.message).toContain(`set DUCKDB_EXTENSIONS_DIR to a directory made with: ${INSTALL} excel`);
});

describe('a catalog, schema or table that there is not', () => {
  const steps = [
    { name: 'pg', type: 'sql', provides: ['pg_replica'], config: { statements: ["ATTACH ':memory:' AS pg_replica"] } },
    { name: 'sales', type: 'sql', provides: ['sales'], config: { statements: ["ATTACH ':memory:' AS sales"] } },
  ];

  test.each(['FROM pg_replca.users', 'FROM pg_replca.public.users', 'USE pg_replca', 'INSERT INTO pg_replca.t VALUES (1)'])(
    '%s: the error lists those that there are, declared and attached, nearest first', async (sql) => {
      const { session } = freshRuntime(config({ steps }));
      const error = await session(async (s) => {
        await s.execute("ATTACH ':memory:' AS other; ATTACH ':memory:' AS \"host=db password=secretive\"");
        return rejection(s.query(sql));
      });
      expect(error).toMatchObject({ code: 'QUERY', retryable: false });
      expect(error.message).toContain('hint: there is no catalog or schema "pg_replca"; the catalogs, nearest first, are: "pg_replica" (of the bootstrap step "pg"), ');
      expect(error.message).toMatch(/"other"/);
      expect(error.message).toMatch(/"sales" \(of the bootstrap step "sales"\)/);
      expect(error.message).toMatch(/; did you mean "pg_replica"\?\n/);
      expect(error.message).not.toMatch(/"system"|"temp"|secretive/);
    });

  test.each(['FROM pg_replca.users AT (VERSION => 1)', 'FROM pg_replca.snapshots()', 'SELECT pg_replca.f(1)'])(
    '%s: so does the error that does not name it', async (sql) => {
      const { session } = freshRuntime(config({ steps }));
      expect((await rejection(session((s) => s.query(sql)))).message)
        .toContain('hint: there is no catalog or schema "pg_replca"; the catalogs, nearest first, are: "pg_replica" (of the bootstrap step "pg"), ');
    });

  test('a schema of a catalog', async () => {
    const { session } = freshRuntime(config({ steps }));
    expect((await rejection(session((s) => s.query('FROM sales.sale.orders')))).message)
      .toContain('hint: there is no catalog or schema "sale"; the catalogs, nearest first, are: "sales" (of the bootstrap step "sales"), ');
  });

  test.each(['FROM user', 'FROM sales.user', 'INSERT INTO user VALUES (1)', 'DROP VIEW user'])('a table: %s', async (sql) => {
    const { session } = freshRuntime(config({ steps }));
    expect((await rejection(session((s) => s.query(sql)))).message).toContain(
      'hint: a table in a catalog is written as CATALOG.SCHEMA.TABLE; the catalogs of bootstrap steps, nearest first, are: ' +
      '"sales" (of the bootstrap step "sales"), "pg_replica" (of the bootstrap step "pg")');
  });

  test('a table with the name of a catalog', async () => {
    const { session } = freshRuntime(config({ steps }));
    expect((await rejection(session((s) => s.query('FROM pg_replica')))).message)
      .toContain('hint: "pg_replica" is a catalog, of the bootstrap step "pg": write a table in it as pg_replica.SCHEMA.TABLE');
  });

  test('without catalogs of steps, the error of a table is DuckDB\'s own', async () => {
    const { session } = freshRuntime(config({}));
    expect((await rejection(session((s) => s.query('FROM nothing')))).message).not.toContain('hint:');
  });

  test('one whose step the cursor left out is named with it', async () => {
    const { cursor } = freshRuntime(config({ steps }));
    const error = await rejection(cursor({ bootstrap: ['sales'] }, (c) => c.query('FROM pg_replica.users')));
    expect(error.message).toContain('hint: the bootstrap step "pg" provides "pg_replica", but this cursor\'s bootstrap leaves that step out');
  });

  test.each(['SELECT nothing', 'SELECT nothing(1)', 'SELECT 1 / []', 'FROM range(1) AT (VERSION => 1)'])('of other errors nobody lists catalogs: %s', async (sql) => {
    const { cursor } = freshRuntime(config({ steps }));
    expect((await rejection(cursor((c) => c.query(sql)))).message).not.toContain('hint:');
  });
});
