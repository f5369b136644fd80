import { SCALE_FACTOR } from './data';
import { TABLES, tpchQueries } from '../tpch/data';

/** The bucket that is read, and the one that is written. */
export const LAKE = 'my-data-lake';
export const EXPORT = 'my-exports';

/** The names of the workloads that read or write S3, and of those that need CPU alone. */
export const REMOTE = ['count', 'filter', 'projection', 'glob12', 'glob300', 'join', 'tpch', 'copy', 'sales'] as const;
export const LOCAL = ['local-aggregate', 'local-sort', 'local-join', 'local-tpch'] as const;

/** Statements that are measured together, one after the other. */
export interface Workload {
  readonly what: string;
  readonly statements: readonly string[];
  /** The files whose footers are read before, where that is measured. */
  readonly prefetch?: string;
}

/** The query of examples/sales. */
export const SALES: Workload = {
  what: 'examples/sales',
  statements: [`SELECT month, category, count(*) AS orders, sum(amount) AS revenue
    FROM read_parquet('s3://${LAKE}/orders/*/*.parquet', hive_partitioning = true, hive_types = {'month': VARCHAR})
    GROUP BY month, category QUALIFY row_number() OVER (PARTITION BY month ORDER BY revenue DESC) = 1 ORDER BY month`],
  prefetch: `['s3://${LAKE}/orders/*/*.parquet']`,
};

export async function farWorkloads(): Promise<Readonly<Record<(typeof REMOTE)[number], Workload>>> {
  const lake = `s3://${LAKE}`;
  const read = (what: string, select: string, files: string): Workload => (
    { what, statements: [select.replace('FILES', `'${lake}/${files}'`)], prefetch: `['${lake}/${files}']` }
  );
  return {
    count: read('count(*) of a file', 'SELECT count(*) AS n FROM FILES', 'events.parquet'),
    filter: read('filter, 20 row groups', 'SELECT sum(amount) AS total FROM FILES WHERE region = 7', 'events.parquet'),
    projection: read('a column, 20 row groups', 'SELECT sum(amount) AS total FROM FILES', 'events.parquet'),
    glob12: read('glob, 12 files', 'SELECT day, sum(amount) AS total FROM FILES GROUP BY day ORDER BY day', 'days/*/*.parquet'),
    glob300: read('glob, 300 files', 'SELECT count(*) AS n, sum(amount) AS total FROM FILES', 'many/*/*.parquet'),
    join: {
      what: 'join of two files',
      statements: [`SELECT c_mktsegment, sum(o_totalprice) AS total FROM '${lake}/tpch-orders.parquet' JOIN '${lake}/tpch-customer.parquet' ON c_custkey = o_custkey
        GROUP BY ALL ORDER BY ALL`],
      prefetch: `['${lake}/tpch-orders.parquet', '${lake}/tpch-customer.parquet']`,
    },
    tpch: { what: `TPC-H, SF ${SCALE_FACTOR}, sum`, statements: await tpchAt(lake), prefetch: `['${lake}/tpch-*.parquet']` },
    copy: {
      what: 'COPY, 24 partitions',
      statements: [`COPY (SELECT i, hash(i) AS trace, i % 24 AS part FROM range(600000) t(i))
        TO 's3://${EXPORT}/copied' (FORMAT parquet, PARTITION_BY (part), OVERWRITE_OR_IGNORE)`],
    },
    sales: SALES,
  };
}

/** The work that needs CPU and no S3: what is tuned for waiting must not hurt it. */
export async function localWorkloads(directory: string): Promise<Readonly<Record<(typeof LOCAL)[number], Workload>>> {
  const events = `'${directory}/events.parquet'`;
  return {
    'local-aggregate': { what: 'local: aggregate', statements: [`SELECT count(*) AS n, sum(total) AS total FROM (SELECT customer, sum(amount) AS total FROM ${events} GROUP BY customer)`] },
    'local-sort': { what: 'local: sort', statements: [`SELECT trace, id FROM ${events} ORDER BY trace, span LIMIT 1 OFFSET 1200000`] },
    'local-join': { what: 'local: join', statements: [`SELECT count(*) AS n, sum(a.amount) AS total FROM ${events} a JOIN ${events} b ON a.id = b.customer AND a.region < 100`] },
    'local-tpch': { what: `local: TPC-H, SF ${SCALE_FACTOR}, sum`, statements: await tpchAt(directory) },
  };
}

/** The 22 queries, as statements over the files of a location. */
async function tpchAt(location: string): Promise<string[]> {
  return (await tpchQueries(SCALE_FACTOR)).map(({ sql }) => overFiles(sql, (table) => `${location}/tpch-${table}.parquet`));
}

const TABLE = new RegExp(`(\\bfrom\\s+|\\bjoin\\s+|,\\s+)(${TABLES.join('|')})\\b(\\s+(?!where|left|on|group|order)\\w+)?`, 'gi');

/** A query of TPC-H with files in place of its tables. No views: to make one is to read its file. */
export function overFiles(sql: string, fileOf: (table: string) => string): string {
  return sql.replace(TABLE, (_, before: string, table: string, alias: string | undefined) => `${before}'${fileOf(table)}' AS ${alias ?? table}`);
}
