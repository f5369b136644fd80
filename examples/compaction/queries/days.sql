-- @description The days that can be compacted: all of their files have come, and they have no compacted file.
-- @param time TIMESTAMP : when this run was due
-- @param files VARCHAR[] = [] : the compacted files
-- @column day VARCHAR
-- @column number VARCHAR
SELECT day, replace(day, '-', '') AS number
FROM (SELECT DISTINCT regexp_extract(file, 'day=([^/]+)/', 1) AS day FROM glob('s3://my-data-lake/events/*/*.parquet'))
-- Firehose tries for up to 24 hours to deliver a file.
WHERE day::DATE < $time::DATE - 1
  AND NOT list_contains(list_transform($files, lambda file: regexp_extract(file, '/(\d+)/[^/]+/[^/]+$', 1)), number)
ORDER BY day
