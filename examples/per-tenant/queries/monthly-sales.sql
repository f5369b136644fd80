-- @description The caller's sales in each month.
-- @param tenant VARCHAR
-- @from tenant authorizer.claims.tenant
-- @column month VARCHAR
-- @column revenue DECIMAL(38,2)
SELECT strftime(ordered_at, '%Y-%m') AS month, count(*) AS orders, sum(amount) AS revenue
-- A name such as '*' would be a pattern.
FROM read_parquet(if(regexp_full_match($tenant, '[a-z0-9-]+'), 's3://my-data-lake/tenants/' || $tenant || '/orders/*.parquet', error('not a tenant')))
GROUP BY month
ORDER BY month
