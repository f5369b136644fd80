-- @description What one file adds to the totals of each category.
-- @param file VARCHAR
-- @column revenue DECIMAL(38,2)
CREATE TEMP TABLE part AS
SELECT category, count(*) AS orders, count(amount) AS amounts, sum(amount) AS revenue, min(amount) AS least, max(amount) AS most
FROM read_parquet($file)
GROUP BY category;
FROM part
