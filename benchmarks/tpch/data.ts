import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { madeOnce } from '../../test/bed/process/made-once';
import { DUCKDB_VERSION, extensionFile, signedExtensions } from '../../test/lib-runtime/signed-extensions';

export const TABLES = ['customer', 'lineitem', 'nation', 'orders', 'part', 'partsupp', 'region', 'supplier'];

/** One of the 22 queries, and its answer in DuckDB's own record, which exists up to scale factor 1. */
export interface TpchQuery {
  readonly number: number;
  readonly sql: string;
  readonly answer?: string;
}

/** The directory of TPC-H's tables, one Parquet file each, with the same bytes everywhere. Created once and kept. */
export function tpchData(scaleFactor: number): Promise<string> {
  return madeOnce(`tpch-${scaleFactor}`, [DUCKDB_VERSION], (directory) => withTpch(async (connection) => {
    // In insertion order, with one thread.
    await connection.run('SET threads = 1');
    await connection.run(`CALL dbgen(sf = ${scaleFactor})`);
    for (const table of TABLES) await connection.run(`COPY ${table} TO '${directory}/${table}.parquet' (FORMAT parquet, COMPRESSION zstd)`);
  }));
}

export function tpchQueries(scaleFactor: number): Promise<TpchQuery[]> {
  return withTpch(async (connection) => {
    const result = await connection.run(`SELECT query_nr AS number, query AS sql, answer FROM tpch_queries()
      LEFT JOIN (FROM tpch_answers() WHERE scale_factor = ${scaleFactor}) USING (query_nr) ORDER BY query_nr`);
    const rows = await result.getRowObjectsJS() as { number: number; sql: string; answer: string | null }[];
    return rows.map(({ number, sql, answer }) => ({ number, sql, ...(answer !== null && { answer }) }));
  });
}

/** Runs `task` on a new DuckDB with the extension tpch. */
async function withTpch<T>(task: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const extension = extensionFile(await signedExtensions('tpch'), 'tpch');
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    await connection.run(`LOAD '${extension}'`);
    return await task(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
