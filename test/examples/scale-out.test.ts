import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { writeOrders } from '../../examples/sales/orders';
import { repositoryRoot, startS3, type S3Server } from '../bed';
import { describeWith } from '../bed/require';
import { freshRuntime } from '../lib-runtime/fresh-runtime';
import { queryFolder, resultsEnvironment } from '../lib-runtime/queries/query-bed';
import { signedExtensions } from '../lib-runtime/signed-extensions';

type Rows = {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly Readonly<Record<string, any>>[];
};
type Answer = (event: object) => Promise<any>;

const ORDERS = "read_parquet('s3://my-data-lake/orders/*/*.parquet')";
const MONTHS = Array.from({ length: 12 }, (_, month) => `2025-${String(month + 1).padStart(2, '0')}`);
/** A file with NULLs, with categories of its own, also without any amount or any customer, and with amounts that are equal; and one without a row. */
const SPECIAL = `(VALUES (-1, 1, NULL, 12.50), (-2, NULL, 'toys', NULL), (-3, 7, 'none', NULL), (-4, 7, 'one', 9999.99), (-5, 8, 'one', 9999.99), (-6, NULL, NULL, 0.00),
  (-7, NULL, 'nobody', 0.50), (-8, NULL, 'nothing', NULL), (-9, 9999999, 'nothing', NULL))
  t(order_id, customer_id, category, amount)`;
const special = (rows: string) => `SELECT order_id::BIGINT AS order_id, TIMESTAMP '2025-01-01' AS ordered_at, customer_id::UBIGINT AS customer_id, category, amount::DECIMAL(10, 2) AS amount
  FROM ${SPECIAL} WHERE ${rows}`;

/** Each way to split a query, beside the query that one process runs. */
const SPLITS: Readonly<Record<string, string>> = {
  'totals': `SELECT category, count(*) AS orders, sum(amount) AS revenue, avg(amount) AS average, min(amount) AS least, max(amount) AS most
    FROM ${ORDERS} GROUP BY category ORDER BY category`,
  'distinct': `SELECT category, count(DISTINCT customer_id) AS customers FROM ${ORDERS} GROUP BY category ORDER BY category`,
  'top-orders': `SELECT order_id, category, amount FROM ${ORDERS} ORDER BY amount DESC NULLS LAST, order_id LIMIT 10`,
  'top-customers': `SELECT customer_id, sum(amount) AS spent FROM ${ORDERS} GROUP BY customer_id ORDER BY spent DESC NULLS LAST, customer_id LIMIT 10`,
  'quantiles': `SELECT category, quantile_disc(amount, 0.5) AS median, quantile_disc(amount, 0.95) AS percentile_95
    FROM ${ORDERS} GROUP BY category ORDER BY category`,
  'join': `SELECT department, sum(amount) AS revenue FROM ${ORDERS} LEFT JOIN 's3://my-data-lake/departments.parquet' USING (category) GROUP BY department ORDER BY department`,
};

describeWith('s3', 'the split queries of the example, with many workers in this process', () => {
  let s3: S3Server;
  let split: Answer;
  let whole: (sql: string) => Promise<Rows>;
  let files: string[];

  beforeAll(async () => {
    s3 = await startS3();
    const lake = join(s3.dir, 'my-data-lake');
    await writeOrders(lake);
    files = MONTHS.map((month) => `orders/month=${month}/data_0.parquet`);
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    for (const [month, rows] of [['special', 'true'], ['empty', 'false']] as const) {
      const file = `orders/month=${month}/data_0.parquet`;
      mkdirSync(dirname(join(lake, file)), { recursive: true });
      await connection.run(`COPY (${special(rows)}) TO '${join(lake, file)}'`);
      files.push(file);
    }
    await connection.run(`COPY (FROM (VALUES ('books', 'media'), ('music', 'media'), ('toys', 'play'), ('sports', 'play'), ('one', 'rare')) t(category, department))
      TO '${join(lake, 'departments.parquet')}'`);
    connection.closeSync();
    instance.closeSync();
    const { queryHandler } = freshRuntime(resultsEnvironment(s3, await signedExtensions('httpfs'), {
      steps: [
        { name: 's3', type: 's3', config: { scopes: ['s3://my-data-lake/'] } },
        { name: 'results', type: 's3', config: { scopes: ['s3://results/out/'] } },
      ],
    }));
    split = queryHandler({ queries: join(repositoryRoot, 'examples/scale-out/queries') }) as Answer;
    whole = async (sql) => queryHandler({ queries: queryFolder({ whole: sql }) })({ query: 'whole' }) as Promise<Rows>;
  }, 120_000);
  afterAll(() => s3?.stop());

  /** Runs the worker of each file as the map does. Some run twice. Returns the prefix of their manifests. */
  async function map(query: string, params: object = {}): Promise<string> {
    const attempts = [...files.keys(), 0, 3];
    for (const index of attempts) {
      await split({ query, params: { file: `s3://my-data-lake/${files[index]}`, ...params }, output: { format: 'parquet', key: `${query}/run/${index}.json` } });
    }
    return `${query}/run/`;
  }
  const reduce = async (name: string): Promise<Rows> => (
    split({ query: `${name}/reduce`, manifests: await map(`${name}/map`, name === 'join' ? { lake: 'my-data-lake' } : {}), manifestCount: files.length })
  );

  test.each(Object.keys(SPLITS))('%s: the answer is that of one process, with the same columns', async (name) => {
    const answer = await reduce(name);
    const expected = await whole(SPLITS[name]!);
    expect(answer.columns).toEqual(expected.columns);
    expect(exactly(answer)).toEqual(exactly(expected));
    for (const [index, row] of expected.rows.entries()) {
      for (const [column, value] of floats(expected, row)) expect(close(answer.rows[index]![column], value)).toBe(true);
    }
  }, 60_000);

  test('totals: an average of the files\' averages is another number', async () => {
    const perFile = `SELECT category, avg(amount) AS average, month FROM ${ORDERS} GROUP BY category, month`;
    const { rows: [{ wrong }] } = await whole(`SELECT avg(average) AS wrong FROM (${perFile}) WHERE category = 'toys'`) as any;
    const { rows: [{ right }] } = await whole(`SELECT avg(amount) AS right FROM ${ORDERS} WHERE category = 'toys'`) as any;
    expect(Math.abs(wrong - right) / right).toBeGreaterThan(0.0001);
  });

  test('top-customers: the best of each file would not do', async () => {
    const best = `SELECT customer_id, spent FROM (SELECT month, customer_id, sum(amount) AS spent FROM ${ORDERS} GROUP BY ALL)
      QUALIFY row_number() OVER (PARTITION BY month ORDER BY spent DESC NULLS LAST, customer_id) <= 10`;
    const wrong = await whole(`SELECT customer_id, sum(spent) AS spent FROM (${best}) GROUP BY customer_id ORDER BY spent DESC, customer_id LIMIT 10`);
    expect(wrong.rows).not.toEqual((await whole(SPLITS['top-customers']!)).rows);
  });

  test('repartition: partitions, each counted by a worker of its own, have together what one process counts', async () => {
    const partitions = 4;
    const manifests = await map('repartition/map', { partitions });
    for (let part = 0; part < partitions; part++) {
      const output = { format: 'parquet', key: `repartition/counts/${part}.json` };
      await split({ query: 'repartition/partition', params: { part }, manifests, manifestCount: files.length, output });
    }
    const answer = await split({ query: 'repartition/reduce', manifests: 'repartition/counts/', manifestCount: partitions });
    expect(answer).toEqual(await whole(SPLITS.distinct!));
  }, 60_000);

  test('distinct-sketch: many sketches are the sketch of all rows, and near the exact number', async () => {
    const answer = await reduce('distinct-sketch');
    // One worker for all rows.
    const all = 's3://my-data-lake/orders/*/*.parquet';
    await split({ query: 'distinct-sketch/map', params: { file: all }, output: { format: 'parquet', key: 'sketch/one/0.json' } });
    expect(answer).toEqual(await split({ query: 'distinct-sketch/reduce', manifests: 'sketch/one/' }));
    const exact = await whole(`SELECT category, count(DISTINCT customer_id) AS customers FROM ${ORDERS} GROUP BY category ORDER BY category`);
    expect(answer.columns).toEqual(exact.columns);
    expect(answer.rows.map(({ category }: any) => category)).toEqual(exact.rows.map(({ category }) => category));
    // Five standard errors.
    for (const [index, { customers }] of exact.rows.entries()) {
      expect(Math.abs(answer.rows[index].customers - customers)).toBeLessThanOrEqual(0.08 * customers);
    }
    expect(exact.rows).toContainEqual({ category: 'nobody', customers: 0 });
  }, 60_000);
});

const isFloat = (type: string) => type === 'DOUBLE' || type === 'FLOAT';
const exactly = ({ columns, rows }: Rows) => rows.map((row) => columns.filter(({ type }) => !isFloat(type)).map(({ name }) => row[name]));
const floats = ({ columns }: Rows, row: Rows['rows'][number]) => columns.filter(({ type }) => isFloat(type)).map(({ name }) => [name, row[name]] as const);
/** Within the rounding of a DOUBLE, or both NULL. */
const close = (one: number | null, other: number | null) => one === other || Math.abs(one! / other! - 1) < 1e-14;
