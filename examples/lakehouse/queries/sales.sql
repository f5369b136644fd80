-- @description The sales of each category.
-- @param since TIMESTAMP = '2025-01-01' : the first moment that counts
-- @column revenue DECIMAL(38,2)
SELECT category, count(*) AS orders, sum(amount) AS revenue
FROM lake.orders
WHERE ordered_at >= $since
GROUP BY category
ORDER BY category
