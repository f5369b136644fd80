-- @description The ten customers who have spent the most.
-- @param files VARCHAR[]
SELECT customer_id, sum(spent) AS spent
FROM read_parquet($files)
GROUP BY customer_id
ORDER BY spent DESC NULLS LAST, customer_id
LIMIT 10
