-- @description The orders of a month that are not paid, the largest first.
-- @param month VARCHAR : the month as YYYY-MM
-- @param least DECIMAL(18,2) = 0 : leaves out smaller orders
-- @column order_id BIGINT
-- @column amount DECIMAL(18,2)
-- @timeout 60
SELECT order_id, customer, amount::DECIMAL(18,2) AS amount
FROM read_parquet('s3://my-data-lake/orders/month=' || $month || '/*.parquet')
WHERE NOT paid AND amount >= $least
ORDER BY amount DESC, order_id
