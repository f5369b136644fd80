import { cursor, DuckDbError, withDuckDB, type Cursor } from 'cdk-duckdb-lambda/runtime';

/** A message of the queue. */
interface Message {
  readonly messageId: string;
  readonly body: string;
}

/** What S3 says of new objects. Its first message, a test, has no records. */
interface Notification {
  readonly Records?: readonly { readonly s3: { readonly bucket: { readonly name: string }; readonly object: { readonly key: string } } }[];
}

/** `turns` has one row, which every run changes that takes in files. */
const TABLES = `
  CREATE TABLE IF NOT EXISTS lake.visits (visited_at TIMESTAMP, page VARCHAR, customer_id BIGINT);
  CREATE TABLE IF NOT EXISTS lake.ingested (file VARCHAR, ingested_at TIMESTAMPTZ);
  CREATE TABLE IF NOT EXISTS lake.turns (turn BIGINT);
  INSERT INTO lake.turns SELECT 0 WHERE NOT EXISTS (FROM lake.turns)`;

/** How often a transaction is tried. Of two at the same time, the second one fails, and finds what the first has done when it runs again. */
const ATTEMPTS = 5;

/** Takes in the files of all messages. If that fails, takes in those of each, so that only the messages of broken files come back. */
export const handler = withDuckDB(async ({ Records }: { readonly Records: readonly Message[] }) => {
  const batchItemFailures: { itemIdentifier: string }[] = [];
  try {
    await takeIn(Records);
  } catch (error) {
    if (isRetryable(error)) throw error;
    for (const message of Records) {
      await takeIn([message]).catch((reason) => {
        console.error(message.body, reason);
        batchItemFailures.push({ itemIdentifier: message.messageId });
      });
    }
  }
  return { batchItemFailures };
});

async function takeIn(messages: readonly Message[]): Promise<void> {
  const files = messages.flatMap(filesOf);
  await cursor(async (c) => {
    for (let attempt = 1; ; attempt++) {
      try {
        await c.execute(TABLES);
        return await c.transaction((t) => takeInOnce(t, files));
      } catch (error) {
        if (!isRetryable(error) || attempt === ATTEMPTS) throw error;
      }
    }
  });
}

/** Within one transaction, takes in the rows of files, and the record that they are in the lake. A file that is recorded already is left out. */
async function takeInOnce(t: Cursor, files: readonly string[]): Promise<void> {
  const found = await t.query<{ file: string }>(
    'SELECT DISTINCT file FROM unnest($files::VARCHAR[]) given(file) WHERE file NOT IN (SELECT file FROM lake.ingested)', { files });
  if (found.length === 0) return;
  const fresh = found.map(({ file }) => file);
  await t.execute('UPDATE lake.turns SET turn = turn + 1');
  await t.execute(`
    INSERT INTO lake.visits BY NAME
    FROM read_csv($fresh::VARCHAR[], header = true, columns = {'visited_at': 'TIMESTAMP', 'page': 'VARCHAR', 'customer_id': 'BIGINT'})`, { fresh });
  await t.execute('INSERT INTO lake.ingested SELECT unnest($fresh::VARCHAR[]), now()', { fresh });
}

/** Keys in notifications are encoded as in forms. */
function filesOf({ body }: Message): string[] {
  const { Records = [] } = JSON.parse(body) as Notification;
  return Records.map(({ s3: { bucket, object } }) => {
    const key = decodeURIComponent(object.key.replace(/\+/g, ' '));
    // DuckDB would read other files too, or options.
    if (/[*?[\\]/.test(key)) throw new Error(`the key ${key} has one of the characters * ? [ \\: expected the key of one file`);
    return `s3://${bucket.name}/${key}`;
  });
}

function isRetryable(error: unknown): boolean {
  return error instanceof DuckDbError && error.retryable;
}
