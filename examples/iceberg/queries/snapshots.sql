-- @description The states of the table that can be read, the latest first.
-- A snapshot's id has more digits than a number of JSON can hold.
SELECT snapshot_id::VARCHAR AS snapshot, timestamp_ms AS moment
FROM iceberg_snapshots(iceberg.sales.orders)
ORDER BY sequence_number DESC
