-- @description The number of customers of each category, with a standard error of 1.6 %. Sketches merge: the result is that of one sketch of all rows.
-- @param files VARCHAR[]
WITH registers AS (
  SELECT category, register, max(rank) AS rank FROM read_parquet($files) GROUP BY category, register
), sums AS (
  -- In integers, so that the order of the rows does not matter. An empty register has the rank 0.
  SELECT category, 4096 - count(register) AS empty,
    (coalesce(sum(1::HUGEINT << (53 - rank)), 0) + (4096 - count(register)) * (1::HUGEINT << 53))::DOUBLE / pow(2, 53) AS total
  FROM registers
  GROUP BY category
), estimates AS (
  SELECT category, empty, 0.7213 / (1 + 1.079 / 4096) * 4096 * 4096 / total AS estimate FROM sums
)
SELECT category, round(CASE WHEN estimate <= 2.5 * 4096 AND empty > 0 THEN 4096 * ln(4096 / empty) ELSE estimate END)::BIGINT AS customers
FROM estimates
ORDER BY category
