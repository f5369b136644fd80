import { cursor, withDuckDB } from 'cdk-duckdb-lambda/runtime';

/** The maximum number of files per run, to limit its memory and time. The next run adds the other files. */
const MOST_FILES = 500;

/** The first run creates the tables. `turns` has one row, which every run that adds files changes. */
const TABLES = `
  CREATE TABLE IF NOT EXISTS lake.orders (order_id BIGINT, ordered_at TIMESTAMP, customer_id BIGINT, category VARCHAR, amount DECIMAL(10, 2));
  CREATE TABLE IF NOT EXISTS lake.ingested (file VARCHAR, orders BIGINT, ingested_at TIMESTAMPTZ);
  CREATE TABLE IF NOT EXISTS lake.turns (turn BIGINT);
  INSERT INTO lake.turns SELECT 0 WHERE NOT EXISTS (FROM lake.turns)`;

const NEW_FILES = `
  SELECT file FROM glob('s3://${process.env.ARRIVALS}/orders/**/*.parquet')
  WHERE file NOT IN (SELECT file FROM lake.ingested)
  ORDER BY file
  LIMIT ${MOST_FILES}`;

/**
 * Adds the files that have arrived since the last run, each exactly once: one transaction inserts their rows and records that they are in the lake.
 *
 * Of two runs at the same time, the second one fails when it commits, because both have changed the same row. Lambda runs it again, and it then finds
 * the record of the first. A run whose commit was made, but not acknowledged, finds its own.
 */
export const handler = withDuckDB(() => cursor(async (c) => {
  await c.execute(TABLES);
  return c.transaction(async (t) => {
    const files = (await t.query<{ file: string }>(NEW_FILES)).map(({ file }) => file);
    if (files.length === 0) return { files: 0, orders: 0 };
    await t.execute('UPDATE lake.turns SET turn = turn + 1');
    await t.execute('INSERT INTO lake.orders BY NAME SELECT order_id, ordered_at, customer_id, category, amount FROM read_parquet($files::VARCHAR[])', { files });
    await t.execute('INSERT INTO lake.ingested SELECT file_name, num_rows, now() FROM parquet_file_metadata($files::VARCHAR[])', { files });
    return t.queryOne('SELECT count(*) AS files, sum(orders)::BIGINT AS orders FROM lake.ingested WHERE file IN (SELECT unnest($files::VARCHAR[]))', { files });
  });
}));
