import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import * as fc from 'fast-check';
import { placeholdersIn } from '../../../lib-runtime/base/placeholders';
import { checkQuery } from '../../../lib-runtime/queries/query-checks';
import { readQueryFile } from '../../../lib-runtime/queries/query-file';
import { QueryParser } from '../../../lib-runtime/queries/query-parser';
import { repositoryRoot } from '../../bed/paths';

let parser: QueryParser;
let connection: DuckDBConnection;
beforeAll(async () => {
  parser = await QueryParser.open(repositoryRoot);
  connection = await (await DuckDBInstance.create()).connect();
});

/** What the checks say of a file, without its name. */
async function errorsOf(text: string, by: QueryParser | undefined): Promise<string[]> {
  const file = readQueryFile('q', 'q.sql', text);
  await checkQuery(file, by);
  return file.errors.lines().map((line) => line.replace(/^q\.sql:/, ''));
}

const both = async (text: string) => [await errorsOf(text, parser), await errorsOf(text, undefined)];

/** A head that declares parameters. */
const head = (...names: string[]) => names.map((name) => `-- @param ${name} VARCHAR\n`).join('');

describe('each parameter is declared and used, with DuckDB and without', () => {
  test.each<[string, string, string[]?]>([
    ['SELECT', 'SELECT $a'],
    ['FROM first', 'FROM t WHERE x = $a'],
    ['VALUES', 'VALUES ($a)'],
    ['WITH', 'WITH x AS (SELECT $a) FROM x'],
    ['SUMMARIZE', 'SUMMARIZE SELECT $a AS x'],
    ['DESCRIBE', 'DESCRIBE SELECT $a AS x'],
    ['ASOF', 'FROM t ASOF JOIN u ON t.at >= u.at AND t.x = $a'],
    ['POSITIONAL', 'FROM t POSITIONAL JOIN (SELECT $a)'],
    ['lambdas', 'SELECT list_transform([1, 2], lambda x: x + $a)'],
    ['PIVOT with IN', 'PIVOT t ON x IN (1, 2) USING sum(y + $a)'],
    ['UNPIVOT', 'UNPIVOT (SELECT $a AS x) ON x'],
    ['LIMIT and OFFSET', 'FROM t LIMIT $a OFFSET $b', ['a', 'b']],
    ['arguments of table functions', 'FROM read_csv($a, header := $b)', ['a', 'b']],
    ['set operations', 'SELECT $a UNION ALL SELECT $b ORDER BY ALL', ['a', 'b']],
    ['a recursive query', 'WITH RECURSIVE r AS (SELECT $a AS n UNION ALL SELECT n + 1 FROM r WHERE n < $b) FROM r', ['a', 'b']],
    ['COPY', 'COPY (SELECT $a) TO $b (FORMAT csv, HEADER $c)', ['a', 'b', 'c']],
    ['CALL', 'CALL pragma_version($a)'],
    ['EXPLAIN', 'EXPLAIN SELECT $a'],
    ['EXPLAIN ANALYZE', 'EXPLAIN ANALYZE SELECT $a'],
    ['INSERT', 'INSERT INTO t VALUES ($a) RETURNING x'],
    ['UPDATE', 'UPDATE t SET x = $a WHERE y = $b', ['a', 'b']],
    ['DELETE', 'DELETE FROM t WHERE x = $a'],
    ['MERGE', 'MERGE INTO t USING u ON t.x = u.x WHEN MATCHED THEN UPDATE SET y = $a'],
    ['CREATE TABLE', 'CREATE TEMP TABLE t AS SELECT $a AS x'],
    ['SET', 'SET VARIABLE x = $a'],
    ['a script', 'CREATE TEMP TABLE t AS SELECT $a AS x; SET VARIABLE y = $b; FROM t WHERE x = $c;', ['a', 'b', 'c']],
    ['a script of SELECTs', 'SELECT $a; SELECT $b', ['a', 'b']],
    // Reported of other tools: text that is not a parameter.
    ['a cast', "SELECT $a::INTEGER, $a :: DATE, 'x'::VARCHAR"],
    ['colons in a format', "SELECT strftime(now(), '%H:%M:%S'), $a"],
    ['a slice', 'SELECT [1, 2][1:2], [1, 2][$a:$b]', ['a', 'b']],
    ['a struct', "SELECT {'x': $a, y: 2}"],
    ['a path in JSON', "SELECT '{}'::JSON -> '$.x', '{}'::JSON ->> '$[0]', $a"],
    ['a comment with a name', 'SELECT $a -- $b, :c, @d, ?\n /* $b ? /* $c */ $d */'],
    ['quotes in a comment', "SELECT -- it's \"x\n $a /* it's \" */, 'x'"],
    ['dashes in a string', "SELECT '-- TODO', $a, '/*', $b, '*/'", ['a', 'b']],
    ['semicolons in strings and comments', "SELECT ';' /* ; */ -- ;\n, $a"],
    ['a question mark in a string', "SELECT 'what?', $a"],
    ['a string in dollars', 'SELECT $$ $b ? it\'s $$, $a'],
    ['a string in tagged dollars', 'SELECT $t$ $b $$ ? $t$, $a, $T$ $t$ $T$'],
    ['escapes', "SELECT e'it\\'s $b ?', E'\\\\', $a"],
    ['a backslash that escapes nothing', "SELECT '\\', $a"],
    ['doubled quotes', "SELECT 'it''s $b', \"$c\"\"?\", $a"],
    ['dollars in names', 'SELECT x$b, y$1 FROM t$c WHERE $a'],
    ['no space before', 'SELECT 1+$a, ($b), -$c, [$d]', ['a', 'b', 'c', 'd']],
    ['a comment behind', 'SELECT $a--x\n, $b/* x */', ['a', 'b']],
    ['a space behind the dollar', 'SELECT $ a, $/* x */b', ['a', 'b']],
    ['keywords', 'SELECT $select, $value, $table', ['select', 'value', 'table']],
    ['another case', 'SELECT $A, $a'],
    ['several times', 'SELECT $a, $a + $a'],
    ['a NaN by another name', "SELECT 'é😀', $a, \"größe\""],
    ['a no-break space', 'SELECT\u00a0$a'],
    ['CRLF', 'SELECT -- x\r\n$a\r\n'],
    ['an operator with @', 'SELECT @x, @$a FROM t'],
    ['a bit string and bytes', "SELECT b'10', x'AA', $a"],
  ])('%s', async (_, sql, names = ['a']) => {
    // Declared in the other case, because DuckDB ignores it.
    const declared = head(...names.map((name) => (name === 'a' ? 'A' : name)));
    expect(await both(declared + sql)).toEqual([[], []]);
    for (const [index, name] of names.entries()) {
      const others = head(...names.filter((each) => each !== name));
      const missing = [expect.stringMatching(new RegExp(`^\\d+:\\d+: received \\$${name}, which is not declared`, 'i'))];
      expect([index, ...await both(others + sql)]).toEqual([index, missing, missing]);
    }
    const unused = [expect.stringMatching(/^1:11: received the parameter "unused", which no statement uses/)];
    expect(await both(head('unused') + declared + sql)).toEqual([unused, unused]);
  });

  test.each<[string, string, string]>([
    ['a question mark', 'SELECT x\nFROM t WHERE x = ?', '2:18'],
    ['a numbered question mark', 'SELECT ?1', '1:8'],
    ['a number', 'SELECT 1; SELECT\t$1', '1:18'],
    ['numbers that enclose words', 'FROM t LIMIT $1 OFFSET $2', '1:14'],
    ['in a statement whose names DuckDB does not tell', "SELECT '😀'; COPY (SELECT ?) TO 'x'", '1:26'],
  ])('a parameter without a name is refused: %s', async (_, sql, position) => {
    const expected = [`${position}: received a parameter without a name, and events give values by name: declare it with -- @param month VARCHAR, and write $month here`];
    expect(await both(sql)).toEqual([expected, expected]);
  });

  test('a name that cannot be declared', async () => {
    const expected = ['1:8: received the parameter "größe", expected a name of letters of ASCII, digits and _',
      '1:16: received the parameter "a b", expected a name of letters of ASCII, digits and _'];
    expect(await both('SELECT $größe, $"a b"')).toEqual([expected, expected]);
  });

  test.each<[string, string]>([
    ['its default', "-- @param x INTEGER = 'z'"],
    ['its type', '-- @param x'],
    ['its name', '-- @param $X INTEGER'],
    ['its description', '-- @param x INTEGER :'],
    ['its place', ';SELECT 1; -- @param x INTEGER'],
    ['its comment', '/* @param x INTEGER */'],
  ])('a parameter is declared, also if %s is wrong', async (_, declaration) => {
    const errors = await both(`${declaration}\nSELECT $x, $X, $y`);
    const expected = [expect.not.stringContaining('received $x, which'), expect.stringMatching(/received \$y, which is not declared/)];
    expect(errors).toEqual([expected, expected]);
  });

  test('a typo names what was meant, once, at its first place', async () => {
    const expected = ['1:11: received the parameter "month", which no statement uses: write $month where its value goes, or remove the line',
      '2:12: received $moth, which is not declared; did you mean "month"?; declare it in the head of the file, as in -- @param moth VARCHAR'];
    expect(await both('-- @param month VARCHAR\nSELECT \'😀\',$moth, $moth')).toEqual([expected, expected]);
  });
});

test('an error in a declaration is told once, and not again where the parameter is used', async () => {
  const text = "-- @param x INTEGER = 'z'\n-- @param Y DATE = '2025-01-31' 5\n-- @param $w DATE\n-- @param v VARCHAR\nSELECT $x, $y, $w, $v, $u";
  const expected = [
    expect.stringMatching(/^1:23: received the default "z" for the type INTEGER/),
    expect.stringMatching(/^2:33: received "5" after the default/),
    expect.stringMatching(/^3:11: received "\$w" as the parameter's name/),
    expect.stringMatching(/^5:24: received \$u, which is not declared/),
  ];
  expect(await both(text)).toEqual([expected, expected]);
});

describe('syntax, where DuckDB sees the error', () => {
  test.each<[string, string, string[]]>([
    ['a word', 'SELEC 1', ['1:1: DuckDB does not parse this: syntax error at or near "SELEC"']],
    ['behind a head', '-- @cache 5\n\nSELECT 1\n  FRO x y', ['4:7: DuckDB does not parse this: syntax error at or near "x"']],
    ['behind characters of many bytes', "SELECT 'é😀', 'ß' FRO x y", ['1:22: DuckDB does not parse this: syntax error at or near "x"']],
    ['behind a byte order mark', '\uFEFFSELEC 1', ['1:1: DuckDB does not parse this: syntax error at or near "SELEC"']],
    ['behind a no-break space', 'SELECT\u00a01 FRO x y', ['1:14: DuckDB does not parse this: syntax error at or near "x"']],
    ['with CRLF and tabs', '-- 😀\r\nSELECT\t1\r\n\tFRO x y', ['3:6: DuckDB does not parse this: syntax error at or near "x"']],
    ['in a later statement of a script', "CREATE TABLE t AS SELECT '😀';\nCOPY (SELECT 1 FRO x y) TO 'x'; SELECT 1", ['2:20: DuckDB does not parse this: syntax error at or near "x"']],
    ['at the end', 'SELECT 1 +', ['1:11: DuckDB does not parse this: syntax error at end of input']],
    ['a string that nothing closes', "SELECT 1;\nSELECT 'abc", ['2:8: DuckDB does not parse this: unterminated quoted string at or near "\'abc"']],
    ['a name that nothing closes', 'SELECT "abc', ['1:8: DuckDB does not parse this: unterminated quoted identifier at or near ""abc"']],
    ['a comment that nothing closes', 'SELECT 1 /* abc', ['1:10: DuckDB does not parse this: unterminated /* comment at or near "/* abc"']],
    ['dollars that nothing closes', 'SELECT $$abc', ['1:8: DuckDB does not parse this: unterminated dollar-quoted string at or near "$$abc"',
      '1:9: received $abc, which is not declared; declare it in the head of the file, as in -- @param abc VARCHAR']],
    ['an error for which DuckDB tells no position', 'SELECT 1;\n  WITH x AS (INSERT INTO t VALUES (1)) SELECT 1', ['2:3: DuckDB does not parse this: A CTE needs a SELECT']],
    ['PIVOT of parameters', '-- @param a DATE\nPIVOT (SELECT $a AS x) ON x', [
      '2:1: DuckDB does not parse this: PIVOT statements with pivot elements extracted from the data cannot have parameters in their source. '
      + 'In order to use parameters the PIVOT values must be manually specified, e.g.: PIVOT ... ON x IN (val1, val2, ...)',
    ]],
    ['a placeholder where none may be', '-- @param a DATE\nSELECT DATE $a', ['2:13: DuckDB does not parse this: syntax error at or near "$"']],
    ['parameters of two kinds', '-- @param a DATE\nSELECT $a, ?', [
      '2:1: DuckDB does not parse this: Mixing named and positional parameters is not supported yet',
      '2:12: received a parameter without a name, and events give values by name: declare it with -- @param month VARCHAR, and write $month here',
    ]],
  ])('%s', async (_, text, errors) => expect(await errorsOf(text, parser)).toEqual(errors));

  test('nothing of a statement happens: no file is opened, nothing is loaded or evaluated', async () => {
    const sql = `IMPORT DATABASE '/etc'; LOAD spatial; INSTALL httpfs; ATTACH '/none/x.duckdb'; FROM 's3://b/x.parquet'; SELECT 1 // 0, error('x');
      SET SESSION lock_configuration = false; COPY (SELECT 1) TO '/none/x.csv'; PRAGMA nothing; USE missing; COMMIT; FROM read_csv('/etc/passwd')`;
    expect(await errorsOf(sql, parser)).toEqual([]);
  });
});

describe('types', () => {
  const OWN = '. A type of your own, or of an extension, needs its schema, as in main.mood';
  test.each<[string, string[]]>([
    ['VARCHAR', []],
    ['decimal(38, 10)', []],
    ['TIMESTAMP WITH TIME ZONE', []],
    ['DOUBLE PRECISION', []],
    ['CHARACTER VARYING(3)', []],
    ['INTERVAL YEAR TO MONTH', []],
    ['INTEGER ARRAY[3]', []],
    ["ENUM('a', 'b')[]", []],
    ['STRUCT("x:=" INTEGER, m MAP(VARCHAR, UNION(n INTEGER, s VARCHAR[3])))', []],
    // Known to DuckDB as an extension's.
    ['INET', []],
    ['main.mood', []],
    ['STRUCT(x lake.main.mood[])', []],
    ['"my.type"', [`received the type "my.type": DuckDB has no type my.type${OWN}`]],
    ['VARCHR', [`received the type VARCHR: DuckDB has no type VARCHR; did you mean "VARCHAR"?${OWN}`]],
    ['STRUCT(x INTGER)', [`received the type STRUCT(x INTGER): DuckDB has no type INTGER; did you mean "INTEGER"?${OWN}`]],
    ['mood', [`received the type mood: DuckDB has no type mood${OWN}`]],
    ['DECIMAL(40,2)', ['received the type DECIMAL(40,2): DECIMAL type width must be between 1 and 38']],
    ['ENUM()', ['received the type ENUM(): ENUM type requires at least one argument']],
    ['STRUCT', ['received the type STRUCT: DuckDB does not parse it: syntax error at or near ")"']],
  ])('%s', async (type, errors) => {
    expect(await errorsOf(`-- @param a ${type}\n-- @column b ${type}\nSELECT $a`, parser)).toEqual([
      ...errors.map((error) => `1:13: ${error}`), ...errors.map((error) => `2:14: ${error}`),
    ]);
  });

  test.each([
    ['VARIANT', 'declare it as VARCHAR or JSON, and convert it in the SQL, as in $x::JSON::VARIANT'],
    ['GEOMETRY', 'declare it as VARCHAR and write $x::GEOMETRY in the SQL, or as BLOB and write ST_GeomFromWKB($x)'],
  ])('values of %s cannot be parameters, and can be columns', async (type, instead) => {
    expect(await errorsOf(`-- @param a ${type}\n-- @column b ${type}\nSELECT $a AS b`, parser)).toEqual([
      `1:13: received the type ${type}, and values of ${type} cannot be parameters: ${instead}`,
    ]);
  });

  test.each<[string, string[]]>([
    ["DATE = '2025-02-28'", []],
    ["DATE = '2025-02-30'", ['1:20: the default is "2025-02-30", expected a date as text, such as 2025-01-31']],
    ["DATE = '2025-02-28 12:00'", ['1:20: the default is "2025-02-28 12:00", expected a date as text, such as 2025-01-31']],
    ['TINYINT = 300', ['1:23: the default is 300, expected a whole number from -128 to 127, as a number or as text']],
    ["ENUM('a', 'b') = 'c'", ['1:30: the default is "c", expected one of: "a", "b"']],
    ['DECIMAL(4,2) = 1.005', ['1:28: the default is 1.005, expected a number, as such or as text, with at most 2 digits before the point and 2 after it']],
    ['STRUCT(x INTEGER[]) = {"x": [1, "z"]}', [
      '1:35: the default.x[1] is "z", expected a whole number from -2147483648 to 2147483647, as a number or as text',
    ]],
    ["BLOB = '/w=='", []],
    ["JSON = 'x'", [expect.stringMatching(/^1:20: the default is "x", expected a list, an object/)]],
    ['JSON = {"x": [1, null]}', []],
    ['DATE = null', []],
    ["main.mood = 'x'", []],
    ["VARCHR = 'x'", ['1:13: received the type VARCHR: DuckDB has no type VARCHR; did you mean "VARCHAR"?' + OWN]],
  ])('a default: %s', async (text, errors) => expect(await errorsOf(`-- @param a ${text}\nSELECT $a`, parser)).toEqual(errors));
});

/** The names of the parameters in `sql` for DuckDB's parser, if it is SELECTs only. */
async function namesByDuckDb(sql: string): Promise<string[] | undefined> {
  const [[serialized]] = (await connection.runAndReadAll('SELECT json_serialize_sql($1::VARCHAR)', [sql])).getRowsJS() as [[string]];
  const { statements } = JSON.parse(serialized) as { statements?: { named_param_map: { key: string }[] }[] };
  return statements?.flatMap((statement) => statement.named_param_map.map(({ key }) => key));
}

test('the text shows the parameters that DuckDB sees in a SELECT', async () => {
  const blank = fc.constantFrom(' ', '\n', '\t', ' /* $c ? /* \' */ */ ', ' -- $c \' "\n', '\r\n');
  const value = fc.constantFrom(
    '$a', '$B', '$select', '$_1', '$ a', '$/* x */a', '1', "'$c'", "'it''s $c'", "e'\\'$c'", "'\\'", '$$ $c $$', '$t$ $c $$ \' $t$', '"$c"', 'x$c', '"a""$c"',
    "'--'", "'/*'", '$é', '$"q r"', '[1, $a][$B]', '{x: $a}', '@$a', '-$a', '($a)', "b'1'", "x'AA'", '1e5', '.5', "''", '$a::INTEGER', '"é😀"', "'😀'",
  );
  const operator = fc.constantFrom(',', '+', '-', '*', '||', '=', ' - ', '/', ' AND ', '::DATE,', '->', ';SELECT ', ' AS x,');
  const junk = fc.oneof({ weight: 20, arbitrary: fc.constant('') }, fc.constantFrom('$', '$$', "'", '"', '?', '--', '/*', ';'));
  const sql = fc.array(fc.tuple(value, blank, operator, blank, junk), { minLength: 1, maxLength: 6 }).map((parts) => (
    `SELECT ${parts.map((part, index) => (index === parts.length - 1 ? part[0] + part[4] : part.join(''))).join('')}`
  ));
  let compared = 0;
  await fc.assert(fc.asyncProperty(sql, async (text) => {
    const names = await namesByDuckDb(text);
    if (names === undefined) return;
    compared += 1;
    // DuckDB gives a number to each question mark.
    const nameless = (name: string | undefined) => (name !== undefined && /^\d/.test(name) ? undefined : name);
    const distinct = (all: readonly (string | undefined)[]) => [...new Set(all.map((name) => name?.toLowerCase()))].sort();
    expect(distinct(placeholdersIn(text).map(({ name }) => nameless(name)))).toEqual(distinct(names.map(nameless)));
  }), { numRuns: Number(process.env.FUZZ_RUNS ?? 1000) });
  expect(compared).toBeGreaterThan(100);
});
