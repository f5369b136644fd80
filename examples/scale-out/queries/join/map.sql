-- @description The revenue of each department in one file. Every worker reads the whole small table.
-- @param file VARCHAR
CREATE TEMP TABLE part AS
SELECT department, sum(amount) AS revenue
FROM read_parquet($file)
LEFT JOIN 's3://my-data-lake/departments.parquet' USING (category)
GROUP BY department;
FROM part
