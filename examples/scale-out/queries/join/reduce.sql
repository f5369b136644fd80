-- @description The revenue of each department.
-- @param files VARCHAR[]
SELECT department, sum(revenue) AS revenue
FROM read_parquet($files)
GROUP BY department
ORDER BY department
