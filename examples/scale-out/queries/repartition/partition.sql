-- @description The number of customers of each category in one partition. A customer is in no other.
-- @param files VARCHAR[]
-- @param part INTEGER
SELECT category, count(DISTINCT customer_id) AS customers FROM read_parquet($files) WHERE part = $part GROUP BY category
