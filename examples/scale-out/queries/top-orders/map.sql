-- @description The ten largest orders of one file. The order's number decides between equal amounts.
-- @param file VARCHAR
CREATE TEMP TABLE part AS
SELECT order_id, category, amount FROM read_parquet($file) ORDER BY amount DESC NULLS LAST, order_id LIMIT 10;
FROM part
