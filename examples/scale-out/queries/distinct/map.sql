-- @description The customers of each category in one file.
-- @param file VARCHAR
CREATE TEMP TABLE part AS
SELECT DISTINCT category, customer_id FROM read_parquet($file);
FROM part
