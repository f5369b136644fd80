import { parseQueryFile, readQueryFile } from '../../../lib-runtime/queries/query-file';

/** The errors of a file. */
const errorsOf = (text: string) => readQueryFile('q', 'q.sql', text).errors.lines();
const query = (text: string) => parseQueryFile('q', 'q.sql', text);

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

test('a typo', () => {
  expect(errorsOf('-- @parm month VARCHAR\nSELECT $month')).toEqual([
    'q.sql:1:4: @parm is not a directive; did you mean "param"?; the directives are: @description, @param, @column, @cache, @timeout, @database. '
    + 'A comment that begins with @ is taken for one: begin it with another character',
  ]);
});
