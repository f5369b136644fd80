-- @description The customers of each category in one file.
-- @param file VARCHAR
SELECT DISTINCT category, customer_id FROM read_parquet($file)
