import { cursor, type Cursor } from 'cdk-duckdb-lambda/runtime';

/** A batch of messages of a queue. */
interface Event {
  readonly Records: readonly { readonly body: string }[];
}

/** S3's notification of new objects. The first message is a test and has no records. */
interface Notification {
  readonly Records?: readonly { readonly s3: { readonly bucket: { readonly name: string }; readonly object: { readonly key: string } } }[];
}

/** Adds the orders of new files, each order once. A file may come twice, and a batch comes again if its commit may or may not have been made. */
export async function handler({ Records }: Event): Promise<{ readonly files: number; readonly rows: number }> {
  const files = Records.flatMap(({ body }) => (JSON.parse(body) as Notification).Records ?? []).map(({ s3 }) => url(s3.bucket.name, s3.object.key));
  if (files.length === 0) return { files: 0, rows: 0 };
  return cursor(async (c) => {
    await createTable(c);
    const { rowsChanged } = await c.execute(`
      MERGE INTO iceberg.sales.orders
      USING (SELECT DISTINCT ON (order_id) order_id, ordered_at, customer_id, category, amount FROM read_parquet($files)) incoming
      USING (order_id)
      WHEN NOT MATCHED THEN INSERT`, { files });
    return { files: files.length, rows: rowsChanged };
  });
}

/** Keys in notifications are encoded like HTML forms. */
function url(bucket: string, key: string): string {
  return `s3://${bucket}/${decodeURIComponent(key.replace(/\+/g, ' '))}`;
}

let isCreated = false;

async function createTable(c: Cursor): Promise<void> {
  if (isCreated) return;
  await c.execute('CREATE SCHEMA IF NOT EXISTS iceberg.sales');
  await c.execute(`
    CREATE TABLE IF NOT EXISTS iceberg.sales.orders (
      order_id BIGINT, ordered_at TIMESTAMP, customer_id BIGINT, category VARCHAR, amount DECIMAL(10, 2)
    )`);
  isCreated = true;
}
