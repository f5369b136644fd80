-- @param files VARCHAR[]
SELECT sum(n)::BIGINT AS total FROM read_csv($files)
