-- @description The files that the lake has taken in last.
SELECT file, orders, ingested_at FROM lake.ingested ORDER BY ingested_at DESC, file LIMIT 100
