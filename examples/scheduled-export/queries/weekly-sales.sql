-- @description The sales of each day and category, in the seven days before a day.
-- @param until TIMESTAMP : a moment of that day
-- @column day DATE
-- @column category VARCHAR
-- @column orders BIGINT
-- @column revenue DECIMAL(38,2)
SELECT ordered_at::DATE AS day, category, count(*) AS orders, sum(amount) AS revenue
FROM 's3://my-data-lake/orders/*/*.parquet'
-- The months leave out files, before the days leave out rows.
WHERE month BETWEEN strftime($until::DATE - 7, '%Y-%m') AND strftime($until, '%Y-%m')
  AND ordered_at >= $until::DATE - 7 AND ordered_at < $until::DATE
GROUP BY ALL
ORDER BY ALL
