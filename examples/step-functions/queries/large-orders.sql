-- @description The orders of a month with at least an amount, the largest first.
-- @param month VARCHAR : the month as YYYY-MM
-- @param least DECIMAL(10,2) : the smallest amount
-- @column order_id BIGINT
-- @column amount DECIMAL(10,2)
-- @timeout 60
SELECT order_id, customer_id, category, amount
-- DuckDB reads rows of this month's files alone. In the path, '*' would be every month, and a month without files an error.
FROM 's3://my-data-lake/orders/*/*.parquet'
WHERE month = $month AND amount >= $least
ORDER BY amount DESC, order_id
