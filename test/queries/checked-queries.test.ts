import { App } from 'aws-cdk-lib';
import { DuckDbQueryFunction } from '../../src';
import { checkQueries } from '../../src/queries/checked-queries';
import { unbundledStack } from '../duckdb-function/unbundled';
import { project, write } from '../staged';

const check = (client?: string, timeoutMs?: number) => checkQueries(new App(), project(), client, ['default'], 'Stack/Sales', timeoutMs);

/** The folder of a client that does something else than to load. */
function clientThat(code: string): string {
  write('node_modules/@duckdb/node-api/index.js', code);
  write('node_modules/@duckdb/node-api/package.json', '{"name":"@duckdb/node-api","version":"1.0.0","main":"index.js"}');
  return project();
}

test('all errors of all files become one error', () => {
  write('one.sql', '-- @parm month VARCHAR\n-- @timeout soon\nSELECT 1');
  write('two.sql', '');
  expect(check).toThrow(/^the queries of Stack\/Sales have 3 errors:\n.*one\.sql:1:4: .*did you mean "param"\?.*\n.*one\.sql:2:13: .*\n.*two\.sql:1:1: .*$/);
  expect(() => new DuckDbQueryFunction(unbundledStack(), 'Sales', { queries: project() })).toThrow('the queries of Stack/Sales have 3 errors:\n');
});

test.each<[string, { [name: string]: string }, RegExp]>([
  ['an undeclared name', { 'sales.sql': 'SELECT 1\nWHERE 2 = $month' }, /have an error:\n.*sales\.sql:2:11: .*month/],
  ['a declared name that is not used', { 'sales.sql': '-- @param month VARCHAR\nSELECT 1' }, /have an error:\n.*sales\.sql:1:11: .*month/],
  ['two files with one name', { 'sales.sql': 'SELECT 1', 'Sales.sql': 'SELECT 2' }, /have an error:\n.*[sS]ales\.sql.*/],
])('%s is refused', (_, files, message) => {
  Object.entries(files).forEach(([name, text]) => write(name, text));
  expect(check).toThrow(message);
});

test('a folder is checked once for an app, and again for the next', () => {
  write('answer.sql', 'SELECT 42');
  const app = new App();
  const queries = () => checkQueries(app, project(), undefined, ['default'], 'Stack/Sales');
  expect(queries().queries).toBe(queries().queries);
  write('answer.sql', '-- @cache 300\nSELECT 42');
  expect(queries().queries).not.toMatchObject([{ cacheSeconds: 300 }]);
  expect(check().queries).toMatchObject([{ cacheSeconds: 300 }]);
});

test('a client that ends the process is an error with its last words', () => {
  write('answer.sql', 'SELECT 42');
  const client = clientThat('console.error("terminate called without an active exception"); process.abort();');
  expect(() => check(client)).toThrow(/^cannot check the queries of Stack\/Sales: \S*node\S* \S*check-queries\.js (?:\S+ ){4}ended with SIGABRT:\nterminate called/);
});

test('a client that never ends is given up', () => {
  write('answer.sql', 'SELECT 42');
  expect(() => check(clientThat('for (;;);'), 3000)).toThrow(/^cannot check the queries of Stack\/Sales: .* did not end within 3 s/);
});

test('what others write to the output is an error that says so', () => {
  write('answer.sql', 'SELECT 42');
  expect(() => check(clientThat('console.log("loaded")'))).toThrow('wrote no report; something else may write to its output, such as a module in NODE_OPTIONS');
});
