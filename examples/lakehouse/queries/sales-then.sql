-- @description The sales of each category, as the lake knew them at another time.
-- @param then TIMESTAMPTZ : such as 2026-01-31T00:00:00Z
-- @column revenue DECIMAL(38,2)
SET VARIABLE lake_time = $then;
SELECT category, count(*) AS orders, sum(amount) AS revenue
FROM lake.orders AT (TIMESTAMP => getvariable('lake_time'))
GROUP BY category
ORDER BY category
