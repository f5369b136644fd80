-- @description How often each amount occurs in one file. Few values occur often: prices, ages, milliseconds.
-- @param file VARCHAR
CREATE TEMP TABLE part AS
SELECT category, amount, count(*) AS orders FROM read_parquet($file) GROUP BY category, amount;
FROM part
