-- @description The orders of one file, with the partition of their customer. Sorted by it, so that a reader of one partition skips the others.
-- @param file VARCHAR
-- @param partitions INTEGER
SELECT (hash(customer_id) % $partitions)::INTEGER AS part, customer_id, category FROM read_parquet($file) ORDER BY part
