-- @description The days that have arrived.
-- @param lake VARCHAR : the bucket
-- @column day VARCHAR
SELECT DISTINCT regexp_extract(file, 'day=([^/]+)/', 1) AS day FROM glob('s3://' || $lake || '/arrivals/*/*.parquet') ORDER BY day
