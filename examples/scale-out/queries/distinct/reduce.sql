-- @description The exact number of customers of each category. All of them must fit into the memory of one function.
-- @param files VARCHAR[]
SELECT category, count(DISTINCT customer_id) AS customers
FROM read_parquet($files)
GROUP BY category
ORDER BY category
