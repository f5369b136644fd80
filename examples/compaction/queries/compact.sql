-- @description The events of a day, sorted so that readers skip what they do not need.
-- @param day DATE
-- @column event_id BIGINT
-- @column occurred_at TIMESTAMP
-- @column kind VARCHAR
-- @column customer_id BIGINT
-- @column amount DECIMAL(10,2)
SELECT event_id, occurred_at, kind, customer_id, amount
FROM read_parquet('s3://my-data-lake/events/day=' || $day || '/*.parquet', hive_partitioning = false, union_by_name = true)
ORDER BY kind, occurred_at, event_id
