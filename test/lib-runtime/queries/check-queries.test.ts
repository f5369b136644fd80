import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { repositoryRoot } from '../../bed/paths';
import { temporaryDirectory } from '../../temporary-directory';
import { projectWithRuntime } from '../built-runtime';

let program: string;
beforeAll(async () => { program = join(await projectWithRuntime(), 'node_modules/cdk-duckdb-lambda/runtime/check-queries.js'); });

const CLIENT = join(repositoryRoot, 'node_modules/@duckdb/node-api/package.json');

/** A folder `queries` with these files. */
function folderWith(files: Record<string, string | Buffer>): string {
  const folder = join(temporaryDirectory(), 'queries');
  mkdirSync(folder);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

interface Checked {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly databases?: string[];
}

function check(folder: string, client?: string, { databases = [], ...options }: Checked = {}) {
  const args = [program, folder, ...client === undefined ? [] : [`--client=${client}`], ...databases.map((name) => `--database=${name}`)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: temporaryDirectory(), ...options });
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

const SALES = `-- @description Sales by category.
-- @param month VARCHAR = '2025-01' : the month as YYYY-MM
-- @param least DECIMAL(18,2)
-- @column revenue DECIMAL(18,2) : in euros
-- @cache 300
-- @timeout 20
-- @database cache
SELECT category, sum(amount) AS revenue FROM orders WHERE month = $month AND amount > $least GROUP BY category
`;

test('the report tells what the files declare, the same with the client and without', () => {
  const folder = folderWith({ 'monthly-sales.sql': SALES, 'reports/daily.sql': 'FROM t' });
  const report = {
    queries: [
      {
        name: 'monthly-sales',
        file: 'monthly-sales.sql',
        description: 'Sales by category.',
        parameters: [
          { name: 'month', type: 'VARCHAR', isRequired: false, description: 'the month as YYYY-MM' },
          { name: 'least', type: 'DECIMAL(18,2)', isRequired: true },
        ],
        columns: [{ name: 'revenue', type: 'DECIMAL(18,2)', description: 'in euros' }],
        cacheSeconds: 300,
        timeoutSeconds: 20,
        database: 'cache',
      },
      { name: 'reports/daily', file: 'reports/daily.sql', parameters: [], columns: [] },
    ],
    errors: [],
  };
  expect(check(folder, CLIENT)).toEqual({ ...report, isParsed: true });
  expect(check(folder)).toEqual({ ...report, isParsed: false });
});

test('all errors of all files at once: of the folder, of directives, of DuckDB', () => {
  const folder = folderWith({
    'a b.sql': 'SELECT 1',
    'reports/daily.sql': '-- @parm x\nSELECT $x,\n  1 FRO x y',
    'typed.sql': '-- @param x VARCHR\nSELECT $x',
    'latin1.sql': Buffer.from("SELECT 'gr\xf6\xdfe'", 'latin1'),
    'right.sql': 'SELECT 1',
  });
  const withoutClient = [
    'queries/a b.sql: received the name "a b"',
    'queries/latin1.sql:1:11: received bytes that are not UTF-8',
    'queries/reports/daily.sql:1:4: received @parm',
    'queries/reports/daily.sql:2:8: received $x, which is not declared',
  ];
  const starts = (errors: string[], expected: string[]) => {
    expect(errors.map((error, index) => error.slice(0, expected[index]?.length))).toEqual(expected);
  };
  starts(check(folder).errors, withoutClient);
  starts(check(folder, CLIENT).errors, [
    ...withoutClient,
    'queries/reports/daily.sql:3:9: DuckDB does not parse this: syntax error at or near "x"',
    'queries/typed.sql:1:13: received the type VARCHR',
  ]);
});

test('a database that the function does not have is an error among the others, if its databases are known', () => {
  const folder = folderWith({ 'a.sql': '-- @database cache\nSELECT 1', 'b.sql': '-- @timeout soon\n-- @database  cach\nSELECT $x', 'c.sql': '-- @database -x\nSELECT 1' });
  const databases = ['default', 'cache', '-x'];
  const errors = [
    expect.stringMatching(/^queries\/b\.sql:1:13: received "soon"/),
    'queries/b.sql:2:15: received the database "cach", which the function does not have; did you mean "cache"?; it has: "default", "cache", "-x"; '
    + 'declare others with the prop databases',
    expect.stringMatching(/^queries\/b\.sql:3:8: received \$x/),
  ];
  expect(check(folder, CLIENT, { databases }).errors).toEqual(errors);
  expect(check(folder, undefined, { databases }).errors).toEqual(errors);
  expect(check(folder).errors).toHaveLength(2);
});

test('paths in errors are relative to the working directory, if the folder is in it', () => {
  const folder = folderWith({ 'a.sql': '' });
  const [error] = check(folder, undefined, { cwd: dirname(dirname(folder)) }).errors;
  expect(error.startsWith(`${basename(dirname(folder))}/queries/a.sql:1:1: `)).toBe(true);
  expect(check(folder, undefined, { cwd: folder }).errors[0]).toMatch(/^queries\/a\.sql:1:1: /);
});

describe('a folder', () => {
  test('without queries', () => expect(check(folderWith({ 'README.md': '' }), CLIENT)).toEqual({ queries: [], errors: [], isParsed: true }));

  test('that is not there', () => {
    const errors = [expect.stringMatching(/^cannot read the folder of queries "\/none": ENOENT/)];
    expect(check('/none', CLIENT)).toEqual({ queries: [], errors, isParsed: false });
  });
});

describe('the client', () => {
  test.each<[string, () => string]>([
    ['its package.json', () => CLIENT],
    ['a folder of the project that has it', () => join(repositoryRoot, 'src')],
  ])('from %s', (_, client) => expect(check(folderWith({ 'a.sql': 'SELEC' }), client())).toEqual({
    queries: [{ name: 'a', file: 'a.sql', parameters: [], columns: [] }],
    errors: [expect.stringContaining('a.sql:1:1: DuckDB does not parse this')],
    isParsed: true,
  }));

  test('that does not load leaves the rest', () => {
    const project = temporaryDirectory();
    cpSync(join(repositoryRoot, 'node_modules/@duckdb/node-api'), join(project, 'node_modules/@duckdb/node-api'), { recursive: true });
    for (const client of [project, '/none/package.json']) {
      expect(check(folderWith({ 'a.sql': 'SELEC $x' }), client)).toEqual({
        queries: [expect.anything()], errors: [expect.stringContaining('a.sql:1:7: received $x')], isParsed: false,
      });
    }
  });
});

test('hundreds of files take no longer than a synthesis may', () => {
  const folder = folderWith(Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`q${index}.sql`, SALES])));
  const started = performance.now();
  expect(check(folder, CLIENT).queries).toHaveLength(300);
  expect(performance.now() - started).toBeLessThan(20_000);
});
