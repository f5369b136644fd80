import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { overFiles } from '../../../benchmarks/far-s3/queries';
import { differenceTo } from '../../../benchmarks/tpch/answers';
import { tpchData, tpchQueries } from '../../../benchmarks/tpch/data';

test('the queries of TPC-H over files give the answers that DuckDB has on record', async () => {
  const directory = await tpchData(0.01);
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  for (const { number, sql, answer } of await tpchQueries(0.01)) {
    const rows = (await connection.runAndReadAll(overFiles(sql, (table) => join(directory, `${table}.parquet`)))).getRowsJson();
    expect([number, differenceTo(answer!, rows.map((row) => row.join('|')))]).toEqual([number, undefined]);
  }
  connection.closeSync();
  instance.closeSync();
}, 60_000);
