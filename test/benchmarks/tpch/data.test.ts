import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { differenceTo } from '../../../benchmarks/tpch/answers';
import { TABLES, tpchData, tpchQueries } from '../../../benchmarks/tpch/data';

test('its 22 queries over its tables are answered as DuckDB has it on record', async () => {
  const data = await tpchData(0.01);
  expect(readdirSync(data).filter((name) => name.endsWith('.parquet')).sort()).toEqual(TABLES.map((table) => `${table}.parquet`));
  const connection = await (await DuckDBInstance.create()).connect();
  for (const table of TABLES) await connection.run(`CREATE VIEW ${table} AS FROM '${join(data, table)}.parquet'`);
  const queries = await tpchQueries(0.01);
  expect(queries.map(({ number }) => number)).toEqual(Array.from({ length: 22 }, (_, index) => index + 1));
  for (const { number, sql, answer } of queries) {
    const rows = (await connection.runAndReadAll(sql)).getRowsJson().map((row) => row.join('|'));
    expect([number, differenceTo(answer!, rows)]).toEqual([number, undefined]);
  }
  connection.closeSync();
});

test('there is no answer on record beyond scale factor 1', async () => {
  expect((await tpchQueries(10)).every(({ answer }) => answer === undefined)).toBe(true);
});
