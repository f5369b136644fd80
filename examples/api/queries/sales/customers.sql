-- @description The customers who paid the most in a month.
-- @param month DATE = '2025-01-01' : any day of the month
-- @param top UINTEGER = 10 : how many customers
-- @column customer_id UBIGINT
-- @column orders BIGINT
-- @column revenue DECIMAL(38,2)
-- @cache 300
SELECT customer_id, count(*) AS orders, sum(amount) AS revenue
FROM 's3://my-data-lake/orders/*/*.parquet'
WHERE month = strftime($month, '%Y-%m')
GROUP BY customer_id
ORDER BY revenue DESC, customer_id
LIMIT $top
