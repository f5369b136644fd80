-- @description Deletes files that no snapshot needs any more, and files that writers have left behind when they failed.
-- @param catalog VARCHAR = 'lake' : the lake
-- @param age INTERVAL = '2 days' : how long ago they were scheduled for deletion or written, at least 15 minutes
-- @column old_files_deleted BIGINT : of snapshots that have expired, and files that were merged
-- @column orphaned_files_deleted BIGINT : of writers that failed
CREATE TEMP TABLE old AS FROM ducklake_cleanup_old_files($catalog, older_than => CASE WHEN $age >= INTERVAL '15 minutes' THEN now() - $age
  ELSE error('the age is below 15 minutes: a function may still read these files')::TIMESTAMPTZ END);
CREATE TEMP TABLE orphaned AS FROM ducklake_delete_orphaned_files($catalog, older_than => CASE WHEN $age >= INTERVAL '15 minutes' THEN now() - $age
  ELSE error('the age is below 15 minutes: a function may be about to commit these files')::TIMESTAMPTZ END);
SELECT (SELECT count(*) FROM old) AS old_files_deleted, (SELECT count(*) FROM orphaned) AS orphaned_files_deleted;
