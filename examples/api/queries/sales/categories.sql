-- @description Orders and revenue of each category in a month, the best first.
-- @param month DATE = '2025-01-01' : any day of the month
-- @column category VARCHAR
-- @column orders BIGINT
-- @column revenue DECIMAL(38,2)
-- @cache 300
SELECT category, count(*) AS orders, sum(amount) AS revenue
FROM 's3://my-data-lake/orders/*/*.parquet'
WHERE month = strftime($month, '%Y-%m')
GROUP BY category
ORDER BY revenue DESC, category
