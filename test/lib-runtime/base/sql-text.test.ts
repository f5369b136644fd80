import { rememberSecret } from '../../../lib-runtime/base/redaction';
import { excerpt, isEmptySql, mayBeScript, quotedIdentifier, quotedString, splitStatements } from '../../../lib-runtime/base/sql-text';

test('quotes', () => {
  expect(quotedString("it's \\ \"x\"")).toBe("'it''s \\ \"x\"'");
  expect(quotedIdentifier('a "b" c')).toBe('"a ""b"" c"');
});

test.each([['', true], [' ;\n', true], ['-- x', true], ['/* a /* b */ c */ -- d', true], ['/* unclosed', true], ['SELECT 1', false], ['/* a */ b', false], ['-', false]])(
  '%j is empty: %p', (sql, empty) => expect(isEmptySql(sql)).toBe(empty));

test.each([['SELECT 1', false], ['SELECT 1;', false], ['SELECT 1; -- end', false], ['SELECT 1;; /* end */ ;', false], ['SELECT 1; SELECT 2', true], ["SELECT ';' AS a", true]])(
  '%j may be a script: %p', (sql, script) => expect(mayBeScript(sql)).toBe(script));

test.each<[string, string[]]>([
  ['SELECT 1', ['SELECT 1']],
  ['SELECT 1; SELECT 2;', ['SELECT 1', 'SELECT 2']],
  ["SELECT ';', \";\", $$;$$, $t$;$$;$t$, e'\\';' ; SELECT 2", ["SELECT ';', \";\", $$;$$, $t$;$$;$t$, e'\\';' ", 'SELECT 2']],
  ["SELECT 'it''s;' /* ; /* ; */ ; */ -- ;\n; SELECT 2", ["SELECT 'it''s;' /* ; /* ; */ ; */ -- ;\n", 'SELECT 2']],
  ['-- first\nSELECT 1; /* second */ SELECT 2', ['SELECT 1', 'SELECT 2']],
  ['SELECT $1, $a; SELECT 5 - 3 / 2', ['SELECT $1, $a', 'SELECT 5 - 3 / 2']],
  ["SELECT 'unclosed; SELECT 2", ["SELECT 'unclosed", 'SELECT 2']],
  ['SELECT a$b$ FROM t; SELECT $$;$$', ['SELECT a$b$ FROM t', 'SELECT $$;$$']],
  ["SELECT like'\\'; SELECT E'\\';'", ["SELECT like'\\'", "SELECT E'\\';'"]],
  ["SELECT '\u00e9;', $\u00e9$;$\u00e9$; SELECT 2", ["SELECT '\u00e9;', $\u00e9$;$\u00e9$", 'SELECT 2']],
])('%j splits', (sql, statements) => expect(splitStatements(sql)).toEqual(statements));

test('the start of SQL is one line', () => {
  expect(excerpt('\n SELECT\n   1')).toBe('SELECT 1');
  expect(excerpt(`SELECT ${'1, '.repeat(1000)}`)).toHaveLength(103);
});

test('the start of SQL holds no half of a secret', () => {
  rememberSecret('a secret  of two words');
  expect(excerpt(`SELECT '${'x'.repeat(80)} a secret  of two words'`)).toMatch(/x \[redacted\]'?(?:\.\.\.)?$/);
});

describe('SQL of many megabytes', () => {
  const megabytes = 30_000_000;
  test.each<[string, string, string[]]>([
    ['a string', `SELECT '${'x'.repeat(megabytes)}'; SELECT 2`, [`SELECT '${'x'.repeat(megabytes)}'`, 'SELECT 2']],
    ['white space', `;${' '.repeat(megabytes)}SELECT 2`, ['SELECT 2']],
    ['line comments', `${'-- x\n'.repeat(megabytes / 10)}SELECT 2`, ['SELECT 2']],
    ['block comments', `${'/* x */'.repeat(megabytes / 10)}SELECT 2`, ['SELECT 2']],
  ])('%s', (_, sql, statements) => {
    const split = splitStatements(sql);
    expect(split.map(({ length }) => length)).toEqual(statements.map(({ length }) => length));
    expect(isEmptySql(sql)).toBe(false);
    mayBeScript(sql);
  });
});
