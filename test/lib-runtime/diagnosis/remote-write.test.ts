import { PART, withPart, writesRemotely } from '../../../lib-runtime/diagnosis/remote-write';

test.each<[string, object | undefined]>([
  ["COPY t TO 's3://b/k'", undefined],
  ["copy (FROM 's3://a' WHERE x = $1) to\n 's3://b' (FORMAT csv)", [1]],
  ["/* kept */ COPY t TO e's3://b/k'", undefined],
  ['COPY t TO $$s3a://b/k$$', undefined],
  ['COPY t TO $1', ['s3://b/k']],
  ['COPY t TO $path (FORMAT csv)', { path: 's3://b/k' }],
  ['COPY t TO ?', ['gs://b/k']],
  ["COPY t TO ('s3://b/' || name)", undefined],
  ['COPY t TO ($1 || name)', ['s3://b/']],
  ["COPY t TO 'https://h/k'", undefined],
  ["COPY t TO 'az://c/k'", undefined],
  ["EXPORT DATABASE 's3://b/x'", undefined],
  ["EXPORT DATABASE d TO 's3://b/x' (FORMAT parquet)", undefined],
  ['EXPORT DATABASE $1', ['s3://b/x']],
  ["SET threads = 1; COPY t TO 's3://b/k'", undefined],
  ["EXPLAIN ANALYZE COPY t TO 's3://b/k'", undefined],
])('%s, with %j bound, writes to a URL', (sql, parameters) => {
  expect(writesRemotely(sql, parameters)).toBe(true);
});

test.each<[string, object | undefined]>([
  ["COPY (FROM 's3://a') TO '/tmp/x'", undefined],
  ["COPY t FROM 's3://a'", undefined],
  ["COPY (SELECT 1 AS \"TO\", 's3://a') TO 'x.csv'", undefined],
  ["SELECT 'COPY t TO ''s3://b/k'''", undefined],
  ["-- COPY t TO 's3://b/k'\nSELECT 1", undefined],
  ['COPY t TO $path', { path: '/tmp/x', other: 's3://b' }],
  ["COPY (SELECT $1) TO '/tmp/x'", ['s3://b/k']],
  ['COPY FROM DATABASE a TO b', undefined],
  ["EXPORT DATABASE '/tmp/x'", undefined],
])('%s, with %j bound, does not', (sql, parameters) => {
  expect(writesRemotely(sql, parameters)).toBe(false);
});

test('what DuckDB could not bind has written nothing', () => {
  const copy = "COPY t TO 's3://b/k'";
  expect(withPart('Catalog Error: Table with name t does not exist!', copy)).toBe('Catalog Error: Table with name t does not exist!');
  expect(withPart('IO Error: broken', copy)).toBe(`IO Error: broken\n\nhint: ${PART}`);
  expect(withPart('IO Error: broken', 'SELECT 1')).toBe('IO Error: broken');
});
