-- @description Orders and revenue by category.
-- @column revenue DECIMAL(38,2)
SELECT category, count(*) AS orders, sum(amount) AS revenue
FROM iceberg.sales.orders
GROUP BY category
ORDER BY category
