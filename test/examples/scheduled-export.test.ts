import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { synthesisedExample, templateFile } from './synthesised';
import { writeOrders } from '../../examples/sales/orders';
import { repositoryRoot, startFarS3, type FarS3Server } from '../bed';
import { freshRuntime } from '../lib-runtime/fresh-runtime';
import { frontOf, type Front } from '../lib-runtime/front';
import { objectPath, resultKeys, resultsEnvironment } from '../lib-runtime/queries/query-bed';
import { signedExtensions } from '../lib-runtime/signed-extensions';

describe('the weekly export, with the runtime in this process', () => {
  let s3: FarS3Server;
  let front: Front;
  let handler: (event: object) => Promise<any>;
  let input: string;

  beforeAll(async () => {
    s3 = await startFarS3({ tls: false });
    front = await frontOf(s3.endpoint);
    await writeOrders(join(s3.dir, 'my-data-lake'));
    const template = JSON.parse(readFileSync(templateFile(await synthesisedExample('scheduled-export'), 'ScheduledExport'), 'utf8'));
    const [schedule] = Object.values<any>(template.Resources).filter(({ Type }) => Type === 'AWS::Scheduler::Schedule');
    input = schedule.Properties.Target.Input;
    const env = resultsEnvironment(s3, await signedExtensions('httpfs'), {
      steps: [
        { name: 's3', type: 's3', config: { scopes: ['s3://my-data-lake/orders/'] } },
        { name: 'results', type: 's3', config: { scopes: ['s3://results/out/'] } },
      ],
    });
    handler = freshRuntime({ ...env, AWS_ENDPOINT_URL_S3: front.endpoint }).queryHandler({ queries: join(repositoryRoot, 'examples/scheduled-export/queries') }) as typeof handler;
  }, 60_000);
  afterAll(async () => {
    await front?.stop();
    await s3?.stop();
  });

  /** What the schedule sends for a time. */
  const runAt = (time: string) => handler(JSON.parse(input.replaceAll('<aws.scheduler.scheduled-time>', time)));

  /** What plain DuckDB finds in one week, as CSV. */
  async function week(first: string): Promise<string> {
    const file = join(s3.dir, 'expected.csv');
    const connection = await (await DuckDBInstance.create()).connect();
    await connection.run(`COPY (SELECT ordered_at::DATE AS day, category, count(*) AS orders, sum(amount) AS revenue FROM '${s3.dir}/my-data-lake/orders/*/*.parquet'
      WHERE ordered_at >= '${first}' AND ordered_at < DATE '${first}' + 7 GROUP BY ALL ORDER BY ALL) TO '${file}'`);
    connection.closeSync();
    return readFileSync(file, 'utf8');
  }

  test('has the week before, also over the end of a month, under a key that is known', async () => {
    const { manifest, files } = await runAt('2025-02-03T06:00:00Z');
    expect(manifest).toBe('s3://results/out/weekly-sales/2025-02-03T06:00:00Z.json');
    expect(readFileSync(objectPath(s3, files[0]), 'utf8')).toBe(await week('2025-01-27'));
  });

  test('reads the files of its months only', async () => {
    await s3.reset();
    await runAt('2025-07-14T05:00:00Z');
    const { requests } = await s3.traffic();
    expect(new Set(requests.map(({ key }) => /month=[\d-]+/.exec(key ?? '')?.[0]).filter(Boolean))).toEqual(new Set(['month=2025-07']));
  });

  test('that runs twice has one manifest, and the week of its time, however late it runs', async () => {
    const [first, second] = await Promise.all([runAt('2025-03-03T06:00:00Z'), runAt('2025-03-03T06:00:00Z')]);
    expect(second.manifest).toBe(first.manifest);
    const { files } = JSON.parse(readFileSync(objectPath(s3, first.manifest), 'utf8'));
    expect(readFileSync(objectPath(s3, files[0].url), 'utf8')).toBe(await week('2025-02-24'));
  });

  test('that fails half way does not exist, and can be tried again', async () => {
    front.fault = (_, __, { method, url }) => (method === 'PUT' && url!.includes('data.csv') ? { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' } : undefined);
    await expect(runAt('2025-04-07T05:00:00Z')).rejects.toMatchObject({ code: 'QUERY' });
    expect(resultKeys(s3).filter((key) => key.includes('2025-04-07'))).toEqual([]);
    front.fault = () => undefined;
    const { files } = await runAt('2025-04-07T05:00:00Z');
    expect(readFileSync(objectPath(s3, files[0]), 'utf8')).toBe(await week('2025-03-31'));
  });
});
