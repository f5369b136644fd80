-- @description Orders and revenue by category, as the table was at a moment.
-- @param moment TIMESTAMP : in UTC
-- @column revenue DECIMAL(38,2)
SELECT category, count(*) AS orders, sum(amount) AS revenue
FROM iceberg.sales.orders AT (TIMESTAMP => $moment)
GROUP BY category
ORDER BY category
