-- @description The best-selling category of each month.
-- @param first VARCHAR = '2025-01' : the first month, as YYYY-MM
SELECT month, category, count(*) AS orders, sum(amount) AS revenue
FROM read_parquet('s3://my-data-lake/orders/*/*.parquet', hive_partitioning = true, hive_types = {'month': VARCHAR})
WHERE month >= $first
GROUP BY month, category
QUALIFY row_number() OVER (PARTITION BY month ORDER BY revenue DESC) = 1
ORDER BY month
