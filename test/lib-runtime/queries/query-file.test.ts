import * as fc from 'fast-check';
import { numberText } from '../../../lib-runtime/queries/exact-json';
import { parseQueryFile, readQueryFile } from '../../../lib-runtime/queries/query-file';

/** The errors of a file, without its name. */
function errorsOf(text: string): string[] {
  return readQueryFile('q', 'q.sql', text).errors.lines().map((line) => line.replace(/^q\.sql:/, ''));
}

const query = (text: string) => {
  const { query: read, errors } = readQueryFile('q', 'q.sql', text);
  if (!errors.isEmpty) throw new Error(errors.lines().join('\n'));
  return read;
};

test('all directives', () => {
  const text = `-- @description Sales by category.
-- @param month VARCHAR = '2025-01' : the month as YYYY-MM
-- @param least DECIMAL(18,2)
-- @column revenue DECIMAL(18,2) : in euros
-- @cache 300
-- @timeout 20
-- @database cache
SELECT category, sum(amount) AS revenue FROM orders WHERE month = $month AND amount > $least GROUP BY category
`;
  expect(parseQueryFile('monthly-sales', 'queries/monthly-sales.sql', text)).toEqual({
    name: 'monthly-sales',
    file: 'queries/monthly-sales.sql',
    sql: text,
    description: 'Sales by category.',
    parameters: [
      { name: 'month', type: 'VARCHAR', defaultValue: '2025-01', description: 'the month as YYYY-MM', line: 2 },
      { name: 'least', type: 'DECIMAL(18,2)', line: 3 },
    ],
    columns: [{ name: 'revenue', type: 'DECIMAL(18,2)', description: 'in euros', line: 4 }],
    cacheSeconds: 300,
    timeoutSeconds: 20,
    database: 'cache',
  });
});

test('none', () => {
  expect(query('SELECT 1')).toEqual({ name: 'q', file: 'q.sql', sql: 'SELECT 1', parameters: [], columns: [] });
});

describe('the head of a file', () => {
  const PARAMETER = [expect.objectContaining({ name: 'a', type: 'INTEGER', description: 'x' })];
  test.each([
    ['LF', '-- @param a INTEGER : x\nSELECT $a'],
    ['CRLF', '-- @param a INTEGER : x\r\nSELECT $a\r\n'],
    ['a byte order mark', '\uFEFF-- @param a INTEGER : x\nSELECT $a'],
    ['tabs', '--\t@param\ta\tINTEGER\t:\tx\t\nSELECT $a'],
    ['no space behind the dashes', '--@param a INTEGER:x\nSELECT $a'],
    ['more dashes', '---- @param a INTEGER : x\nSELECT $a'],
    ['indented', '   -- @param a INTEGER : x\nSELECT $a'],
    ['a no-break space', '--\u00a0@param\u00a0a INTEGER : x\nSELECT $a'],
    ['behind other comments', '-- Sales: "all" of it\'s $b\n/* -- @param b INTEGER */\n\n-- @param a INTEGER : x\nSELECT $a'],
    ['in the line of a block comment', '/* sales */ -- @param a INTEGER : x\nSELECT $a'],
    ['behind a semicolon', ';\n-- @param a INTEGER : x\nSELECT $a'],
  ])('%s', (_, text) => expect(query(text).parameters).toEqual(PARAMETER));

  test('the SQL is the text of the file, without a byte order mark', () => {
    expect(query('\uFEFF-- @cache 1\r\nSELECT 1\r\n').sql).toBe('-- @cache 1\r\nSELECT 1\r\n');
  });

  test('strings, names and comments with dashes and @ are not directives', () => {
    const text = 'SELECT \'-- @cache 1\', "-- @cache 2", $$\n-- @cache 3\n$$, $t$\n-- @cache 4\n$t$, e\'\\\'-- @cache 5\' -- see @cache 6\n/* -- @author x */';
    expect(query(text).cacheSeconds).toBeUndefined();
  });
});

describe('a description', () => {
  test.each([
    ['one line', '-- @description Sales: "all" of it\'s = 100 %\nSELECT 1', 'Sales: "all" of it\'s = 100 %'],
    ['further lines', '-- @description Sales\n-- by category,\n--   as of today.\nSELECT 1', 'Sales by category, as of today.'],
    ['further lines with CRLF', '-- @description Sales\r\n-- by category.\r\n\r\n-- not this\r\nSELECT 1', 'Sales by category.'],
    ['until an empty comment', '-- @description Sales\n--\n-- not this\nSELECT 1', 'Sales'],
    ['until an empty line', '-- @description Sales\n\n-- not this\nSELECT 1', 'Sales'],
    ['until the next directive', '-- @description Sales\n-- @cache 1\n-- not this\nSELECT 1', 'Sales'],
    ['until a block comment', '-- @description Sales\n/* x */\n-- not this\nSELECT 1', 'Sales'],
    ['until the first statement', '-- @description Sales\nSELECT 1 -- not this', 'Sales'],
    ['non-ASCII', '-- @description Umsätze 😀\nSELECT 1', 'Umsätze 😀'],
  ])('%s', (_, text, description) => expect(query(text).description).toBe(description));
});

describe('a parameter', () => {
  test.each<[string, object]>([
    ['a INTEGER', { name: 'a', type: 'INTEGER' }],
    ['_a1 integer', { name: '_a1', type: 'integer' }],
    ['select VARCHAR', { name: 'select', type: 'VARCHAR' }],
    ['constructor VARCHAR', { name: 'constructor', type: 'VARCHAR' }],
    ['a DECIMAL(18,2)', { type: 'DECIMAL(18,2)' }],
    ['a DECIMAL( 18 , 2 ) : in = euros: "all"', { type: 'DECIMAL( 18 , 2 )', description: 'in = euros: "all"' }],
    ['a VARCHAR[]', { type: 'VARCHAR[]' }],
    ['a INTEGER [3][] = [[1, 2, 3]]', { type: 'INTEGER [3][]', defaultValue: [[1, 2, 3]] }],
    ['a TIMESTAMP WITH TIME ZONE = \'2025-01-01 00:00:00+00\' : the start', {
      type: 'TIMESTAMP WITH TIME ZONE', defaultValue: '2025-01-01 00:00:00+00', description: 'the start',
    }],
    ['a DOUBLE PRECISION = 1e3', { type: 'DOUBLE PRECISION', defaultValue: 1000 }],
    ["a ENUM('a=b', 'c:d', 'it''s', 'e)')", { type: "ENUM('a=b', 'c:d', 'it''s', 'e)')" }],
    ['a STRUCT("x:y" INTEGER, "z=(" VARCHAR[], s STRUCT(b MAP(VARCHAR, INTEGER)))', {
      type: 'STRUCT("x:y" INTEGER, "z=(" VARCHAR[], s STRUCT(b MAP(VARCHAR, INTEGER)))',
    }],
    ['a UNION(n INTEGER, s VARCHAR)=null', { type: 'UNION(n INTEGER, s VARCHAR)', defaultValue: null }],
    ['a main.mood', { type: 'main.mood' }],
    ['a "my type"', { type: '"my type"' }],
    ['a "my catalog" . "my.schema".mood[]', { type: '"my catalog" . "my.schema".mood[]' }],
    ['a Größe', { type: 'Größe' }],
    ["a VARCHAR = 'it''s: = \"x\"'", { defaultValue: 'it\'s: = "x"' }],
    ["a VARCHAR = ''", { defaultValue: '' }],
    ["a VARCHAR='x':y", { defaultValue: 'x', description: 'y' }],
    ['a VARCHAR = "x: \\" y" : z', { defaultValue: 'x: " y', description: 'z' }],
    ['a INTEGER = -5 : x', { defaultValue: -5, description: 'x' }],
    ["a BIGINT = '-5'", { defaultValue: '-5' }],
    ["a UBIGINT = '18446744073709551615'", { defaultValue: '18446744073709551615' }],
    ['a DECIMAL(18,2) = 1.50', { defaultValue: 1.5 }],
    ["a DOUBLE = '-Infinity'", { defaultValue: '-Infinity' }],
    ['a BOOLEAN = true : whether: or not', { defaultValue: true, description: 'whether: or not' }],
    ['a DATE = null', { defaultValue: null }],
    ['a STRUCT(x INTEGER) = {"x": 1} : y', { defaultValue: { x: 1 }, description: 'y' }],
    ['a MAP(VARCHAR, INTEGER[]) = {"x:[{": [1]}', { defaultValue: { 'x:[{': [1] } }],
    ['a JSON = {"a": [1, {"b": ":"}]} : z', { defaultValue: { a: [1, { b: ':' }] }, description: 'z' }],
    ["a VARCHAR : month's", { description: "month's" }],
    ['a VARCHAR: the month', { type: 'VARCHAR', description: 'the month' }],
    ['a VARCHAR : -- not a comment /* here', { description: '-- not a comment /* here' }],
  ])('%s', (text, expected) => {
    const { parameters: [parameter] } = query(`-- @param ${text}\nSELECT 1`);
    expect(parameter).toEqual({ name: 'a', type: parameter!.type, line: 1, ...expected });
  });

  test('a default of null is not a missing one', () => {
    const { parameters: [nothing, missing] } = query('-- @param a DATE = null\n-- @param b DATE\nSELECT 1');
    expect([nothing, missing].map((parameter) => 'defaultValue' in parameter!)).toEqual([true, false]);
  });

  const TYPE_EXPECTED = 'expected "=" and a default, or ":" and a description';
  const DEFAULT_EXPECTED = "expected a text in single quotes, as in '2025-01', or JSON: a number, true, false, null, [...] or {...}";
  const NAME_EXPECTED = 'expected a letter or _, then letters, digits and _';
  test.each<[string, string]>([
    ['', `10: received nothing as the parameter's name, ${NAME_EXPECTED}: as in -- @param month VARCHAR`],
    [' $a INTEGER', `11: received "$a" as the parameter's name, ${NAME_EXPECTED}: write it without the $, which only SQL has`],
    [' a-b INTEGER', `11: received "a-b" as the parameter's name, ${NAME_EXPECTED}: as in -- @param month VARCHAR`],
    [' a: INTEGER', `11: received "a:" as the parameter's name, ${NAME_EXPECTED}: as in -- @param month VARCHAR`],
    [' 1 INTEGER', `11: received "1" as the parameter's name, ${NAME_EXPECTED}: as in -- @param month VARCHAR`],
    [' größe INTEGER', `11: received "größe" as the parameter's name, ${NAME_EXPECTED}: as in -- @param month VARCHAR`],
    [' a', '12: received nothing, expected the type of "a", as in -- @param month VARCHAR'],
    [' a = 1', '13: received "=", expected the type of "a", as in -- @param month VARCHAR'],
    [' a : the month', '13: received ":", expected the type of "a", as in -- @param month VARCHAR'],
    [' a VARCHAR the month', `21: received "the" after the type, ${TYPE_EXPECTED}`],
    [" a VARCHAR 'x'", `21: received "'x'" after the type, ${TYPE_EXPECTED}`],
    [' a VARCHAR default 1', `21: received "default" after the type, ${TYPE_EXPECTED}`],
    [' a INTEGER + 1', `21: received "+" after the type, ${TYPE_EXPECTED}`],
    [' a INTEGER, b INTEGER', `20: received "," after the type, ${TYPE_EXPECTED}`],
    [' a INTEGER; DROP TABLE t', `20: received ";" after the type, ${TYPE_EXPECTED}`],
    [' a INTEGER) + (1', '20: received ")" without its opening bracket in the type'],
    [' a DECIMAL(18,2 = 5', '20: received "(" without ")" in the type: a directive is one line'],
    [' a DECIMAL(18,2]', '25: received "]" without its opening bracket in the type'],
    [" a the customer's id", `17: received "customer's" after the type, ${TYPE_EXPECTED}`],
    [" a ENUM('a", "18: received ' without its second one, expected \":\" before a description"],
    [' a INTEGER -- x', '21: received a comment in the directive: write a description behind ":"'],
    [' a INTEGER /* x */', '21: received a comment in the directive: write a description behind ":"'],
    [' a INTEGER :', '21: received ":" without a description: write one, or remove the colon'],
    [' a INTEGER := 1', `21: received ":=", ${TYPE_EXPECTED}`],
    [' a INTEGER::VARCHAR', `20: received "::", ${TYPE_EXPECTED}`],
    [' a INTEGER =', `22: received nothing as the default, ${DEFAULT_EXPECTED}`],
    [' a VARCHAR = 2025-01', `23: received "2025-01" as the default, ${DEFAULT_EXPECTED}`],
    [' a DATE = current_date : x', `20: received "current_date" as the default, ${DEFAULT_EXPECTED}`],
    [' a DATE = NULL', `20: received "NULL" as the default, ${DEFAULT_EXPECTED}`],
    [" a VARCHAR = 'x", `23: received ' without its second one, ${DEFAULT_EXPECTED}`],
    [" a VARCHAR = 'x' the month", '27: received "the" after the default, expected ":" and a description, or nothing'],
    [' a INTEGER = 1 the month', `23: received "1 the month" as the default, ${DEFAULT_EXPECTED}`],
    [" a INTEGER = 'x'", '23: received the default "x" for the type INTEGER, expected a whole number'],
    [' a INTEGER = 1.5', '23: received the default 1.5 for the type INTEGER, expected a whole number'],
    [" a INTEGER = '1.5'", '23: received the default "1.5" for the type INTEGER, expected a whole number'],
    [" a DECIMAL(18,2) = 'x'", '29: received the default "x" for the type DECIMAL(18,2), expected a number'],
    [' a INTEGER = {"x": 1, "x": 2}', '23: received "{\\"x\\": 1, \\"x\\": 2}" as the default: '
      + 'the key "x" appears twice in one object, and only one of its values would count: remove one'],
    [" a BOOLEAN = 'yes'", '23: received the default "yes" for the type BOOLEAN, expected true or false'],
    [' a VARCHAR = 5', '23: received the default 5 for the type VARCHAR, expected a text in single quotes'],
    [' a DATE = 20250101', '20: received the default 20250101 for the type DATE, expected a text in single quotes'],
    [" a INTEGER[] = 'x'", '25: received the default "x" for the type INTEGER[], expected a list in JSON'],
    [' a STRUCT(x INTEGER) = 5', '33: received the default 5 for the type STRUCT(x INTEGER), expected an object or a list in JSON'],
  ])('%s', (text, error) => {
    expect(errorsOf(`-- @param${text}\nSELECT 1`)).toEqual([`1:${error}`]);
  });
});

test('a default keeps all digits of its number, or is an error where Node.js cannot read them', () => {
  const text = '-- @param a HUGEINT = 123456789012345678901234567890 : x\nSELECT $a';
  if ('rawJSON' in JSON) expect(numberText(query(text).parameters[0]!.defaultValue)).toBe('123456789012345678901234567890');
  else expect(errorsOf(text)).toEqual([expect.stringMatching(/^1:23: received "1234.*" as the default: the number 1234.* has more digits than /)]);
});

describe('a column', () => {
  test.each<[string, object]>([
    ['revenue DECIMAL(18,2)', { name: 'revenue', type: 'DECIMAL(18,2)' }],
    ['größe INTEGER : in m', { name: 'größe', type: 'INTEGER', description: 'in m' }],
    ['"sum(""x"")" BIGINT', { name: 'sum("x")', type: 'BIGINT' }],
    ['"a: b = c" BIGINT', { name: 'a: b = c', type: 'BIGINT' }],
  ])('%s', (text, expected) => expect(query(`-- @column ${text}\nSELECT 1`).columns).toEqual([{ ...expected, line: 1 }]));

  const NAME_EXPECTED = 'expected letters, digits and _, as in -- @column revenue DECIMAL(18,2), or any name in double quotes';
  test.each<[string, string]>([
    ['sum(x) BIGINT', `12: received "sum(x)" as the column's name, ${NAME_EXPECTED}`],
    ['"a BIGINT', `12: received "\\"a" as the column's name, ${NAME_EXPECTED}`],
    ['a BIGINT = 5', '21: received a default for the column "a", and only parameters have one: remove it'],
  ])('%s', (text, error) => expect(errorsOf(`-- @column ${text}\nSELECT 1`)).toEqual([`1:${error}`]));
});

describe('a setting', () => {
  const SECONDS = 'expected a whole number of seconds from 1 to';
  test.each<[string, string]>([
    ['@cache', `10: received nothing, ${SECONDS} 31536000`],
    ['@cache 5m', `11: received "5m", ${SECONDS} 31536000`],
    ['@cache 0', `11: received "0", ${SECONDS} 31536000`],
    ['@cache -1', `11: received "-1", ${SECONDS} 31536000`],
    ['@cache 1e3', `11: received "1e3", ${SECONDS} 31536000`],
    ['@cache 300 : seconds', `11: received "300 : seconds", ${SECONDS} 31536000`],
    ['@cache 31536001', `11: received "31536001", ${SECONDS} 31536000`],
    ['@timeout 1.5', `13: received "1.5", ${SECONDS} 900`],
    ['@timeout 901', `13: received "901", ${SECONDS} 900`],
    ['@database', '13: received nothing, expected the name of a database, as in -- @database cache'],
    ['@database a b', '14: received "a b", expected only the name of a database, as in -- @database cache'],
    ['@description', '16: received nothing, expected a description, as in -- @description Sales by category.'],
  ])('%s', (text, error) => expect(errorsOf(`-- ${text}\nSELECT 1`)).toEqual([`1:${error}`]));
});

describe('a directive that would be ignored', () => {
  const KNOWN = 'the directives are: @param, @from, @column, @description, @cache, @timeout, @database. For a comment, write something before the @';
  test.each<[string, string, string[]]>([
    ['a typo', '-- @parm a INTEGER\nSELECT 1', [`1:4: received @parm, which is not a directive; did you mean "param"?; ${KNOWN}`]],
    ['in capitals', '-- @Cache 5\nSELECT 1', [`1:4: received @Cache, which is not a directive; did you mean "cache"?; ${KNOWN}`]],
    ['of other tools', '-- @author Ada\nSELECT 1', [`1:4: received @author, which is not a directive; ${KNOWN}`]],
    ['a space behind the @', '-- @ cache 5\nSELECT 1', [`1:4: received @, which is not a directive; ${KNOWN}`]],
    ['a colon behind the name', '-- @cache: 5\nSELECT 1', [`1:4: received @cache:, which is not a directive; did you mean "cache"?; ${KNOWN}`]],
    ['of the prototype', '-- @constructor 5\nSELECT 1', [`1:4: received @constructor, which is not a directive; ${KNOWN}`]],
    ['twice', '-- @cache 5\n-- @cache 6\nSELECT 1', ['2:4: received @cache twice, first in line 1: remove one of them']],
    ['a parameter twice', '-- @param a DATE\n-- @param A DATE\nSELECT 1', [
      '2:11: received @param "A" twice, first in line 1, as "a" (DuckDB ignores case): remove one of them',
    ]],
    ['a column twice', '-- @column a DATE\n-- @column a DATE\nSELECT 1', ['2:12: received @column "a" twice, first in line 1: remove one of them']],
    ['behind the first statement', 'SELECT 1;\n-- @cache 5\nSELECT 2', [
      '2:4: received @cache after the beginning of a statement, where it would be ignored: move it to the head of the file',
    ]],
    ['in a statement', 'SELECT 1 -- @cache 5', ['1:13: received @cache after the beginning of a statement, where it would be ignored: move it to the head of the file']],
    ['in a block comment', '/* @param a DATE */\n/**\n * @cache 5\n * @author Ada\n */\nSELECT 1', [
      '1:4: @param is in a block comment, where it would be ignored: begin its line with --',
      '3:4: @cache is in a block comment, where it would be ignored: begin its line with --',
    ]],
  ])('%s', (_, text, errors) => expect(errorsOf(text)).toEqual(errors));

  test('a parameter and a column may have one name', () => {
    expect(errorsOf('-- @param a DATE\n-- @column a DATE\nSELECT $a AS a')).toEqual([]);
  });
});

describe('a text that is not a query', () => {
  const NO_STATEMENT = 'received no statement: write the query below its directives, or remove the file';
  const NOT_UTF8 = 'received bytes that are not UTF-8: save the file as UTF-8';
  test.each<[string, string, string[]]>([
    ['empty', '', [`1:1: ${NO_STATEMENT}`]],
    ['a byte order mark alone', '\uFEFF', [`1:1: ${NO_STATEMENT}`]],
    ['white space and semicolons', ' ;\n;', [`1:1: ${NO_STATEMENT}`]],
    ['comments', '-- @cache 5\n/* x */', [`1:1: ${NO_STATEMENT}`]],
    ['another encoding', Buffer.from('SELECT 1,\n \'gr\xf6\xdfe\'', 'latin1').toString(), [`2:5: ${NOT_UTF8}`]],
    ['UTF-16', Buffer.from('\uFEFFSELECT 1', 'utf16le').toString(), [`1:1: ${NOT_UTF8}`]],
    ['UTF-16 without a byte order mark', Buffer.from('SELECT 1', 'utf16le').toString(), ['1:2: received a NUL: save the file as UTF-8']],
    ['line ends of old Macs', '-- x\rSELECT 1', [
      '1:5: received a carriage return without a line feed, which ends a line for DuckDB and not for editors: save the file with LF or CRLF',
    ]],
  ])('%s', (_, text, errors) => expect(errorsOf(text)).toEqual(errors));
});

test('all errors of a file, in their order, where editors see them', () => {
  const text = '\uFEFF-- 😀\r\n\t-- @parm\r\n/* 😀 */ -- @cache 😀\r\n-- @param a\r\n-- 😀 @cache\r\nSELECT 1, \'😀\' -- @timeout 5';
  expect(errorsOf(text).map((line) => line.replace(/: received.*/, ''))).toEqual(['2:5', '3:19', '4:12', '6:18']);
  expect(() => parseQueryFile('q', 'queries/q.sql', '-- @parm\n-- @cache\nSELECT 1')).toThrow(expect.objectContaining({
    name: 'ConfigError', message: expect.stringMatching(/^queries\/q\.sql:1:4: .*\nqueries\/q\.sql:2:10: .*$/),
  }));
});

describe('any text', () => {
  const hostile = fc.array(fc.oneof(
    fc.constantFrom('-- ', '@param ', '@column ', '@description ', '@cache ', '\n', '\r\n', '/*', '*/', "'", '"', '$', '$$', '=', ':', '(', ')', '[', ']', ' ', ';'),
    fc.constantFrom('a ', 'INTEGER', 'SELECT 1', '😀', '\uFEFF', 'null', '{', '}', ',', '5', '.', '\\', '\t', '-', '__proto__'),
    fc.string({ unit: 'binary', maxLength: 3 }),
  ), { maxLength: 40 }).map((parts) => parts.join(''));

  test('is read, and each error has its place in the file', () => {
    fc.assert(fc.property(hostile, (text) => {
      const { errors } = readQueryFile('q', 'q.sql', text);
      const lines = text.replace(/^\uFEFF/, '').split('\n').map((line) => [...line].length + 1);
      for (const error of errors.lines()) {
        const [, line, column] = /^q\.sql:(\d+):(\d+): \S/.exec(error)!.map(Number);
        expect(column).toBeLessThanOrEqual(lines[line! - 1]!);
      }
    }), { numRuns: Number(process.env.FUZZ_RUNS ?? 300) });
  });

  const word = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);
  const oneLine = fc.string({ maxLength: 20 }).map((text) => text.replace(/[\r\n\uFFFD\0]/g, ' ').trim());
  const description = fc.option(oneLine.filter((text) => text !== '' && !/^[=:]/.test(text)), { nil: undefined });
  // Longer numbers are errors, at least in Node.js 20.
  const json = fc.jsonValue().filter((value) => !/\uFFFD|[\d.]{16}|\de/.test(JSON.stringify(value)));
  const declaration = fc.record({ name: word, description }).chain((common) => fc.oneof(
    fc.record({ type: fc.constantFrom('VARCHAR', "ENUM('a', ')')"), defaultValue: oneLine }),
    fc.record({ type: fc.constantFrom('JSON', 'STRUCT("a:=" JSON)[]'), defaultValue: fc.array(json) }),
    fc.record({ type: fc.constant('DECIMAL(18, 2)') }),
  ).map((kind) => ({ ...common, ...kind })));

  const declarations = fc.uniqueArray(declaration, { selector: ({ name }) => name.toLowerCase(), maxLength: 5 });

  interface Written { readonly name: string; readonly type: string; readonly defaultValue?: unknown; readonly description?: string }

  function written({ name, type, defaultValue, description: text }: Written): string {
    const value = typeof defaultValue === 'string' ? `'${defaultValue.replaceAll("'", "''")}'` : JSON.stringify(defaultValue);
    return `-- @param ${name} ${type}${value === undefined ? '' : ` = ${value}`}${text === undefined ? '' : ` : ${text}`}`;
  }

  test('that was written from declarations is read as them', () => {
    fc.assert(fc.property(declarations, fc.constantFrom('\n', '\r\n'), (expected, end) => {
      const { parameters } = query([...expected.map(written), 'SELECT 1'].join(end));
      expect(parameters).toEqual(expected.map((each, index) => JSON.parse(JSON.stringify({ ...each, line: index + 1 }))));
    }), { numRuns: Number(process.env.FUZZ_RUNS ?? 300) });
  });
});
