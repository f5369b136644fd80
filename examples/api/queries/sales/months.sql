-- @description Orders and revenue of each month.
-- @column month VARCHAR
-- @column orders BIGINT
-- @column revenue DECIMAL(38,2)
-- @cache 300
SELECT month, count(*) AS orders, sum(amount) AS revenue
FROM 's3://my-data-lake/orders/*/*.parquet'
GROUP BY month
ORDER BY month
