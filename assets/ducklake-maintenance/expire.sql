-- @description Expires old snapshots. Queries can no longer travel to them, and what only they need is scheduled for deletion.
-- The latest snapshot never expires.
-- @param catalog VARCHAR = 'lake' : the lake
-- @param age INTERVAL = '7 days' : how old a snapshot must be, at least 15 minutes
-- @column snapshots_expired BIGINT
-- @column first_expired BIGINT
-- @column last_expired BIGINT
CREATE TEMP TABLE expired AS FROM ducklake_expire_snapshots($catalog, older_than => CASE WHEN $age >= INTERVAL '15 minutes' THEN now() - $age
  ELSE error('the age is below 15 minutes: queries that still run may read younger snapshots')::TIMESTAMPTZ END);
SELECT count(*) AS snapshots_expired, min(snapshot_id) AS first_expired, max(snapshot_id) AS last_expired FROM expired;
