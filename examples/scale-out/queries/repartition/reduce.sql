-- @description The exact number of customers of each category, however many there are.
-- @param files VARCHAR[]
SELECT category, sum(customers)::BIGINT AS customers
FROM read_parquet($files)
GROUP BY category
ORDER BY category
