import { streamIsRetryable } from '../../../lib-runtime/diagnosis/stream-retryable';

test.each<[string, readonly string[], object | undefined, boolean]>([
  ["FROM 's3://b/x.parquet'", [], undefined, true],
  ["FROM read_csv('https://h/x.csv')", [], undefined, true],
  ['FROM read_parquet($file)', [], { file: 's3://b/x.parquet' }, true],
  ['FROM read_parquet(?)', [], ['gs://b/x.parquet'], true],
  ['FROM pg_replica.users', ['pg_replica'], undefined, true],
  ['FROM "PG_Replica".users', ['pg_replica'], undefined, true],
  ["ATTACH 'md:sales'; FROM sales.t", [], undefined, true],
  ['FROM users', ['pg_replica'], undefined, false],
  ['FROM read_csv(?)', ['pg_replica'], ['/tmp/x.csv'], false],
  ['SELECT {md: 1}', ['', 'pg'], undefined, false],
])('%s, with %j attached and %j bound: %p', (sql, catalogs, parameters, retryable) => {
  expect(streamIsRetryable(sql, catalogs, parameters)).toBe(retryable);
});
