import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { writeOrders } from '../../examples/sales/orders';
import { madeOnce } from '../../test/bed/process/made-once';
import { TABLES, tpchData } from '../tpch/data';

export const SCALE_FACTOR = 0.3;

const EVENTS = 'i AS id, (hash(i, 1) % 1000000)::INTEGER AS customer, (hash(i, 2) % 10000)::DECIMAL(10, 2) AS amount, hash(i, 3) % 200 AS region';

/** Each value is a hash of the row's number, so the bytes are the same everywhere. */
const FILES = {
  // 62 MB in 20 row groups. No statistics rule out a region, and bloom filters do not either.
  'events.parquet': `COPY (SELECT ${EVENTS}, hash(i, 4) AS trace, hash(i, 5) AS span, (hash(i, 6) % 65536)::USMALLINT AS port FROM range(2457600) t(i))`,
  'days': `COPY (SELECT ${EVENTS}, i % 12 AS day FROM range(1200000) t(i))`,
  'many': `COPY (SELECT ${EVENTS}, i % 300 AS part FROM range(600000) t(i))`,
};

/** One file a partition, of one row group, whatever the number of cores. */
const SETTINGS = 'SET threads = 1; SET partitioned_write_flush_threshold = 10000000';
const OPTIONS = { 'events.parquet': '', 'days': ', PARTITION_BY (day)', 'many': ', PARTITION_BY (part)' };

/** The directory of the files that are read: `events.parquet`, `days/`, `many/`, `tpch/` and `orders/`. Made once, kept. */
export function farData(): Promise<string> {
  return madeOnce('far-s3', [JSON.stringify([FILES, SETTINGS, OPTIONS]), `${SCALE_FACTOR}`], async (directory) => {
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    await connection.run(SETTINGS);
    for (const [name, copy] of Object.entries(FILES)) {
      await connection.run(`${copy} TO '${join(directory, name)}' (FORMAT parquet, COMPRESSION zstd${OPTIONS[name as keyof typeof OPTIONS]})`);
    }
    connection.closeSync();
    instance.closeSync();
    const tables = await tpchData(SCALE_FACTOR);
    for (const table of TABLES) copyFileSync(join(tables, `${table}.parquet`), join(directory, `tpch-${table}.parquet`));
    await writeOrders(directory);
  });
}
