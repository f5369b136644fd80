-- @description A HyperLogLog sketch of the customers of each category: 4,096 registers, whatever the number of customers.
-- @param file VARCHAR
CREATE TEMP TABLE part AS
WITH hashed AS (
  -- The lowest 12 bits choose the register. The bit above the others ends the search for a bit that is set.
  -- NULL is in no register, but a category without customers is a row of the answer.
  SELECT category, if(customer_id IS NOT NULL, (hash(customer_id) & 4095)::SMALLINT, NULL) AS register,
    if(customer_id IS NOT NULL, ((hash(customer_id) >> 12) | (1::UBIGINT << 52))::BIGINT, NULL) AS bits
  FROM read_parquet($file)
)
SELECT category, register, max(bit_count(xor(bits, bits - 1))) AS rank
FROM hashed
GROUP BY category, register;
FROM part
