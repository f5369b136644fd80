import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as fc from 'fast-check';
import { loadQuery, queryNames, queryPaths } from '../../../lib-runtime/queries/query-folder';
import { temporaryDirectory } from '../../temporary-directory';

/** A folder `queries` with these files, in a folder with a secret beside it. */
function folderWith(files: Record<string, string>): string {
  const parent = temporaryDirectory();
  const folder = join(parent, 'queries');
  mkdirSync(folder);
  writeFileSync(join(parent, 'secret.sql'), 'SELECT 1');
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** The errors of a folder, with its path replaced. */
const errorsOf = (folder: string) => queryPaths(folder).errors.map((error) => error.replaceAll(folder, 'queries'));

describe('names', () => {
  test('are paths without the extension, in order', () => {
    const folder = folderWith({ 'monthly-sales.sql': '', 'reports/daily.sql': '', 'reports/by_year/2025.sql': '', 'reports.sql': '', 'B.sql': '' });
    expect(queryPaths(folder)).toEqual({
      queries: [
        { name: 'B', path: 'B.sql' },
        { name: 'monthly-sales', path: 'monthly-sales.sql' },
        { name: 'reports/by_year/2025', path: 'reports/by_year/2025.sql' },
        { name: 'reports/daily', path: 'reports/daily.sql' },
        { name: 'reports', path: 'reports.sql' },
      ],
      errors: [],
    });
  });

  test('hidden files and those of other kinds have none', () => {
    const folder = folderWith({ '.draft.sql': '', '.git/a.sql': '', '.sql': '', 'README.md': '', 'a.sql.bak': '', 'a.sqlx': '', 'sql': '' });
    mkdirSync(join(folder, 'empty'));
    expect(queryPaths(folder)).toEqual({ queries: [], errors: [] });
  });

  const CHARACTERS = 'expected letters of ASCII, digits, _ and -: rename the file or its folder';
  test.each<[string, string[], string[]]>([
    ['a space', ['a b.sql'], [`queries/a b.sql: received the name "a b", ${CHARACTERS}`]],
    ['a dot', ['a.b.sql'], [`queries/a.b.sql: received the name "a.b", ${CHARACTERS}`]],
    ['a dot in a folder', ['v1.2/a.sql'], [`queries/v1.2/a.sql: received the name "v1.2/a", ${CHARACTERS}`]],
    ['a letter with an accent', ['größe.sql'], [`queries/größe.sql: received the name "größe", ${CHARACTERS}`]],
    ['a dash at the beginning', ['-a.sql'], [`queries/-a.sql: received the name "-a", ${CHARACTERS}`]],
    ['an extension in capitals', ['a.SQL'], ['queries/a.SQL: received the extension .SQL, expected .sql: rename the file']],
  ])('%s', (_, files, errors) => expect(errorsOf(folderWith(Object.fromEntries(files.map((file) => [file, '']))))).toEqual(errors));

  test('a symbolic link is an error, to a file or to a folder', () => {
    const folder = folderWith({ 'a.sql': '' });
    symlinkSync('a.sql', join(folder, 'link.sql'));
    symlinkSync('..', join(folder, 'up'));
    symlinkSync('missing', join(folder, 'broken.sql'));
    expect(errorsOf(folder)).toEqual(['broken.sql', 'link.sql', 'up'].map((path) => (
      `queries/${path}: received a symbolic link, expected a file or a folder: put a copy here`
    )));
  });

  test('a folder that is not there, or a file in its place', () => {
    const folder = folderWith({ 'a.sql': '' });
    expect(() => queryNames(join(folder, 'missing'))).toThrow(expect.objectContaining({
      code: 'CONFIG', message: expect.stringMatching(/^cannot read the folder of queries ".*missing": ENOENT/),
    }));
    expect(() => queryNames(join(folder, 'a.sql'))).toThrow(/^cannot read the folder of queries ".*a\.sql": ENOTDIR/);
  });
});

// Where file systems ignore case, such files cannot be written.
describe('names that only case tells apart', () => {
  test.each<[string, string[], string[]]>([
    ['files', ['daily.sql', 'Daily.sql'], ['queries/daily.sql: received the name of queries/Daily.sql, as case does not count: rename one of them']],
    ['capitals in both', ['Ab.sql', 'aB.sql'], ['queries/aB.sql: received the name of queries/Ab.sql, as case does not count: rename one of them']],
    ['folders', ['r/a.sql', 'R/a.sql'], ['queries/r/a.sql: received the name of queries/R/a.sql, as case does not count: rename one of them']],
    ['extensions', ['a.sql', 'a.SQL'], [
      'queries/a.SQL: received the extension .SQL, expected .sql: rename the file',
      'queries/a.sql: received the name of queries/a.SQL, as case does not count: rename one of them',
    ]],
  ])('%s', (_, files, errors) => {
    if (process.platform !== 'linux') return;
    expect(errorsOf(folderWith(Object.fromEntries(files.map((file) => [file, '']))))).toEqual(errors);
  });
});

describe('one query', () => {
  test('is loaded by its name, and no other file is read', () => {
    const folder = folderWith({ 'reports/daily.sql': '-- @cache 5\nSELECT 1', 'broken.sql': '-- @parm' });
    expect(loadQuery(folder, 'reports/daily')).toEqual({
      name: 'reports/daily', file: `${folder}/reports/daily.sql`, sql: '-- @cache 5\nSELECT 1', parameters: [], columns: [], cacheSeconds: 5,
    });
    expect(() => loadQuery(folder, 'broken')).toThrow(/broken\.sql:1:1: received no statement.*\n.*broken\.sql:1:4: received @parm/);
  });

  test('that is not there: the nearest name, and all', () => {
    const folder = folderWith({ 'monthly-sales.sql': '', 'reports/daily.sql': '' });
    expect(() => loadQuery(folder, 'monthly-sale')).toThrow(expect.objectContaining({
      name: 'ConfigError',
      message: `there is no query "monthly-sale"; did you mean "monthly-sales"?; the queries of ${folder} are: monthly-sales, reports/daily`,
    }));
    const many = folderWith(Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`q${index}.sql`, ''])));
    expect(() => loadQuery(many, 'x')).toThrow(/ are: (?:q\d+, ){19}q\d+ and 10 more$/);
    expect(() => loadQuery(folderWith({}), 'x')).toThrow(/ are: none$/);
  });

  test.each<[unknown]>([[undefined], [null], [5], [['a']], [{ name: 'a' }]])('a name that is not a text: %j', (name) => {
    expect(() => loadQuery(folderWith({ 'a.sql': '' }), name)).toThrow(/^the query is .*, expected the name of one as a text$/);
  });

  test('never a file outside the folder, nor by another spelling', () => {
    const folder = folderWith({ 'a.sql': 'SELECT 1', 'b/c.sql': 'SELECT 1', '.hidden.sql': 'SELECT 1', 'b/.git/x.sql': 'SELECT 1', 'd.e.sql': 'SELECT 1' });
    symlinkSync('../secret.sql', join(folder, 'link.sql'));
    symlinkSync('..', join(folder, 'up'));
    symlinkSync('b', join(folder, 'linked'));
    const names = [
      '', '.', '..', '../secret', 'b/../../secret', 'b/../a', './a', '/a', 'a/', 'b//c', 'b\\c', '..\\secret', 'a.sql', 'a.sql\0', 'a\0', 'A', 'B/c', 'b/C',
      '.hidden', 'b/.git/x', 'd.e', 'link', 'up/secret', 'up/queries/a', 'linked/c', `${folder}/a`, '%2e%2e/secret', 'a ', ' a', 'a\n', '-a', 'a'.repeat(5000), 'b', 'a/b',
    ];
    for (const name of names) expect(() => loadQuery(folder, name)).toThrow(/^there is no query /);
  });

  test('any name loads a file of the folder, or none', () => {
    const folder = folderWith({ 'a.sql': 'SELECT 1', 'b/c.sql': 'SELECT 1' });
    const part = fc.oneof(fc.constantFrom('a', 'b', 'c', '/', '.', '..', '\\', '\0', 'secret', '.sql', '%2e'), fc.string({ unit: 'binary', maxLength: 2 }));
    fc.assert(fc.property(fc.array(part, { maxLength: 6 }).map((parts) => parts.join('')), (name) => {
      if (['a', 'b/c'].includes(name)) expect(loadQuery(folder, name).name).toBe(name);
      else expect(() => loadQuery(folder, name)).toThrow(/^there is no query /);
    }));
  });

  test('in a folder that is itself a symbolic link', () => {
    const folder = folderWith({ 'a.sql': 'SELECT 1' });
    symlinkSync(folder, `${folder}-link`);
    expect(loadQuery(`${folder}-link`, 'a').sql).toBe('SELECT 1');
  });
});
