-- @param files VARCHAR[]
SELECT sum(total)::BIGINT AS total, count(*) AS workers FROM read_parquet($files)
