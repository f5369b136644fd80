-- @description The revenue of each department in one file. Every worker reads the whole small table.
-- @param file VARCHAR
-- @param lake VARCHAR : the bucket of the small table
CREATE TEMP TABLE part AS
SELECT department, sum(amount) AS revenue
FROM read_parquet($file)
LEFT JOIN read_parquet('s3://' || $lake || '/departments.parquet') USING (category)
GROUP BY department;
FROM part
