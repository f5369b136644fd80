import { Statement } from '../../../lib-runtime/execution/statement';

test.each([['SELECT 1', 'SELECT'], [' -- x\n select 1', 'SELECT'], ['((FROM t))', 'FROM'], ['( (\nSELECT 1))', 'SELECT'], ["'x'", ''], ['', '']])(
  'the operation of %j is %j', (sql, operation) => expect(new Statement(sql).operation).toBe(operation));

test.each([
  ['SELECT 1', true], ['( FROM t )', true], ['SUMMARIZE t', true], ['WITH x AS (SELECT 1) FROM x', true], ['(WITH x AS (SELECT 1) FROM x)', true],
  ['WITH x AS (SELECT 1) INSERT INTO t FROM x', false], ['INSERT INTO t VALUES (1)', false], ['SELECTED', false], ['COPY t TO $1', false], ['', false],
])('%j only reads: %p', (sql, isSelect) => expect(new Statement(sql).isSelect).toBe(isSelect));

test('a cheap check finds statements that may attach', () => {
  expect(new Statement('SELECT 1 AS attached').mayAttach).toBe(false);
  expect(new Statement("select 1; Attach 'x'").mayAttach).toBe(true);
  expect(new Statement('DETACH x').mayAttach).toBe(true);
});

test.each<[string, string[]]>([
  ['SELECT 1', []],
  ["SELECT 'COMMIT' -- ROLLBACK", []],
  ['begin; SELECT 1; /* x */ Commit;', ['begin', 'Commit']],
  ['START TRANSACTION', ['START TRANSACTION']],
  ['SELECT 1; END; ABORT', ['END', 'ABORT']],
])('%j controls transactions by %j', (sql, control) => expect(new Statement(sql).transactionControl).toEqual(control));

test.each<[string, boolean, boolean, boolean]>([
  ['SELECT 1', false, false, false],
  ['SELECT 1', true, false, true],
  ['BEGIN; SELECT 1', false, false, true],
  ['BEGIN; COMMIT', false, false, false],
  ['COMMIT', true, false, false],
  ['COMMIT', false, true, true],
])('after %j, with one before %p and failed %p, there may be a transaction: %p', (sql, before, hasFailed, after) => {
  expect(new Statement(sql).mayBeInTransactionAfter(before, hasFailed)).toBe(after);
});

test('the text of a statement is read once', () => {
  const statement = new Statement("BEGIN; ATTACH 'a.db'; COMMIT");
  expect(statement.parts).toBe(statement.parts);
  expect(statement.transactionControl).toBe(statement.transactionControl);
});
