-- @description The exact median and 95th percentile of the amounts of each category, as quantile_disc defines them.
-- @param files VARCHAR[]
WITH amounts AS (
  SELECT category, amount, sum(orders) AS orders FROM read_parquet($files) GROUP BY category, amount
), ranks AS (
  -- NULL counts for nothing, but a category without amounts is a row of the answer.
  SELECT category, amount, sum(orders) FILTER (amount IS NOT NULL) OVER (PARTITION BY category ORDER BY amount) AS up_to,
    sum(orders) FILTER (amount IS NOT NULL) OVER (PARTITION BY category) AS total
  FROM amounts
)
SELECT category, min(amount) FILTER (up_to * 2 >= total) AS median, min(amount) FILTER (up_to * 100 >= total * 95) AS percentile_95
FROM ranks
GROUP BY category
ORDER BY category
