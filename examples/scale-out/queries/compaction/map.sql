-- @description The orders of a day from the many small files in which they have arrived, as one file. Sorted, so that readers skip what they do not need.
-- @param lake VARCHAR : the bucket
-- @param day VARCHAR
SELECT order_id, ordered_at, customer_id, category, amount
FROM read_parquet('s3://' || $lake || '/arrivals/day=' || $day || '/*.parquet')
ORDER BY customer_id, ordered_at, order_id
