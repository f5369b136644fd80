-- @description The days that have arrived.
-- @column day VARCHAR
SELECT DISTINCT regexp_extract(file, 'day=([^/]+)/', 1) AS day FROM glob('s3://my-data-lake/arrivals/*/*.parquet') ORDER BY day
