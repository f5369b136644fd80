-- @description Writes small inserts that are in the catalog to files, files without their deleted rows, and many small files as few larger ones.
-- What was read before stays readable, until its snapshots expire.
-- @param catalog VARCHAR = 'lake' : the lake
-- @param deleted DOUBLE = 0.5 : the part of its rows that must be deleted before a file is written anew
-- @param files UBIGINT = 1000 : the most files of a table that are merged, to bound the work of one run
-- @column schema_name VARCHAR
-- @column table_name VARCHAR
-- @column rows_flushed BIGINT : rows that were in the catalog and are in files now
-- @column files_rewritten BIGINT : files that had deleted rows
-- @column files_merged BIGINT : small files
-- @column files_created BIGINT : by which they are replaced
CREATE TEMP TABLE flushed AS FROM ducklake_flush_inlined_data($catalog);
CREATE TEMP TABLE rewritten AS FROM ducklake_rewrite_data_files($catalog, delete_threshold => $deleted);
CREATE TEMP TABLE merged AS FROM ducklake_merge_adjacent_files($catalog, max_compacted_files => $files);
SELECT schema_name, table_name, sum(flushed)::BIGINT AS rows_flushed, sum(rewritten)::BIGINT AS files_rewritten, sum(merged)::BIGINT AS files_merged,
  sum(created)::BIGINT AS files_created
FROM (
  SELECT schema_name, table_name, rows_flushed AS flushed, 0 AS rewritten, 0 AS merged, 0 AS created FROM flushed
  UNION ALL SELECT schema_name, table_name, 0, files_processed, 0, files_created FROM rewritten
  UNION ALL SELECT schema_name, table_name, 0, 0, files_processed, files_created FROM merged
)
GROUP BY ALL
ORDER BY ALL;
