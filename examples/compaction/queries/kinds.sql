-- @description The events of each kind, up to now: of compacted days from one file, of all others from Firehose's.
-- @param files VARCHAR[] = [] : the compacted files
SET VARIABLE compacted = list_transform($files, lambda file: regexp_extract(file, '/(\d+)/[^/]+/[^/]+$', 1));
SET VARIABLE files = list_concat($files, (
  SELECT list(file) FROM glob('s3://my-data-lake/events/*/*.parquet')
  WHERE NOT list_contains(getvariable('compacted'), replace(regexp_extract(file, 'day=([^/]+)/', 1), '-', ''))
));
SELECT kind, count(*) AS events, sum(amount) AS amount
FROM read_parquet(getvariable('files'), hive_partitioning = false, union_by_name = true)
GROUP BY kind
ORDER BY kind
