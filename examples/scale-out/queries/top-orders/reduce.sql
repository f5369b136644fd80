-- @description The ten largest orders of all files: each of them is among the ten largest of its own.
-- @param files VARCHAR[]
SELECT order_id, category, amount FROM read_parquet($files) ORDER BY amount DESC NULLS LAST, order_id LIMIT 10
