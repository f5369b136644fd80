-- @description What each customer has spent in one file. All customers: the best of all files may be among the best of none.
-- @param file VARCHAR
CREATE TEMP TABLE part AS
SELECT customer_id, sum(amount) AS spent FROM read_parquet($file) GROUP BY customer_id;
FROM part
