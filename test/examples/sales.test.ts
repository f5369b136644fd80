import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { App } from 'aws-cdk-lib';
import { runInProcess } from '../../examples/local-function';
import { writeOrders } from '../../examples/sales/orders';
import { SalesStack } from '../../examples/sales/stack';
import { startS3, synthesisedFunctions, type S3Server } from '../bed';
import { describeWith } from '../bed/require';
import { temporaryDirectory } from '../temporary-directory';

const BUCKET = 'my-data-lake';

describeWith('s3', 'the example of monthly sales, in a plain process as the demo runs it without Docker', () => {
  let s3: S3Server;

  beforeAll(async () => {
    s3 = await startS3();
    await writeOrders(join(s3.dir, BUCKET));
  });
  afterAll(() => s3.stop());

  test('answers twice with the rows that plain DuckDB finds, and logs its cold start', async () => {
    const app = new App({ outdir: join(__dirname, '..', '..', 'cdk.out', 'sales') });
    new SalesStack(app, 'Sales', { lake: BUCKET });
    const [fn] = synthesisedFunctions(app.synth().directory);
    const aws = {
      AWS_REGION: s3.region,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
    };
    const answers = await runInProcess(fn, aws, async (invoke, logs) => [await invoke(), await invoke(), await logs()]);

    const best = await bestSellers(join(s3.dir, BUCKET));
    expect(answers.slice(0, 2)).toEqual([best, best]);
    expect(best).toHaveLength(12);
    expect(answers[2]).toContain('"message":"duckdb cold start"');
  });

  test('its orders are the same wherever they are written', async () => {
    const other = join(temporaryDirectory(), BUCKET);
    await writeOrders(other);
    expect(await bestSellers(other)).toEqual(await bestSellers(join(s3.dir, BUCKET)));
  });
});

/** What the handler answers, asked of the files directly and in another way. */
async function bestSellers(bucket: string): Promise<unknown[]> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const result = await connection.runAndReadAll(`
    WITH sales AS (
      SELECT strftime(ordered_at, '%Y-%m') AS month, category, count(*)::INTEGER AS orders, sum(amount) AS revenue
      FROM read_parquet('${bucket}/orders/*/*.parquet') GROUP BY ALL
    )
    SELECT * FROM sales AS best WHERE revenue = (SELECT max(revenue) FROM sales WHERE month = best.month) ORDER BY month`);
  connection.closeSync();
  instance.closeSync();
  return result.getRowObjectsJson();
}
