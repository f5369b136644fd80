-- @description Count, sum, average, least and most of each category. The average is of all amounts, not of the files' averages.
-- @param files VARCHAR[]
-- @column orders BIGINT
-- @column revenue DECIMAL(38,2)
SELECT category, sum(orders)::BIGINT AS orders, sum(revenue) AS revenue, sum(revenue) / sum(amounts) AS average, min(least) AS least, max(most) AS most
FROM read_parquet($files)
GROUP BY category
ORDER BY category
