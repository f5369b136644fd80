import { cursor, type Cursor } from 'cdk-duckdb-lambda/runtime';

const SCHEMAS = { s3tables: 's3tables.numbers', glue: 'glue.duckdb_lambda_iceberg' };

/** Makes a table in each catalog and changes its rows. Returns what is there then, and whether the role may delete the table. */
export const handler = () => inEach(async (c, schema, catalog) => {
  if (catalog === 's3tables') await c.execute(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
  const location = catalog === 'glue' ? `WITH ('location' = 's3://${process.env.LAKE}/numbers')` : '';
  await c.execute(`CREATE TABLE IF NOT EXISTS ${schema}.numbers (n INTEGER) ${location}`);
  await c.execute(`DELETE FROM ${schema}.numbers`);
  await c.execute(`INSERT INTO ${schema}.numbers VALUES (1), (2)`);
  await c.execute(`UPDATE ${schema}.numbers SET n = 3 WHERE n = 1`);
  const dropped = await c.execute(`DROP TABLE ${schema}.numbers`).then(() => 'dropped', () => 'refused');
  return [await numbers(c, schema), dropped];
});

/** Reads the tables that the writer has made, and lists them. */
export const read = () => inEach(async (c, schema, catalog) => {
  const tables = await c.query<{ name: string }>('SELECT name FROM (SHOW ALL TABLES) WHERE database = $catalog ORDER BY name', { catalog });
  return [await numbers(c, schema), tables.map(({ name }) => name)];
});

async function numbers(c: Cursor, schema: string): Promise<number[]> {
  return (await c.query<{ n: number }>(`FROM ${schema}.numbers ORDER BY n`)).map(({ n }) => n);
}

async function inEach<T>(look: (c: Cursor, schema: string, catalog: string) => Promise<T>): Promise<Record<string, T>> {
  const seen: Record<string, T> = {};
  for (const [catalog, schema] of Object.entries(SCHEMAS)) seen[catalog] = await cursor((c) => look(c, schema, catalog));
  return seen;
}
