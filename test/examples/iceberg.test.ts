import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { handler as ingestHandler } from '../../examples/iceberg/ingest';
import { IcebergStack, type IcebergStackProps } from '../../examples/iceberg/stack';
import { repositoryRoot, startAws, startMiniStack, type AwsServer, type MiniStackServer } from '../bed';
import { describeWith } from '../bed/require';
import { type IcebergBed, startIcebergBed } from '../lib-runtime/bootstrap/iceberg/iceberg-bed';
import { boto } from '../lib-runtime/boto';
import { freshRuntime, type Runtime } from '../lib-runtime/fresh-runtime';
import { signedExtensions } from '../lib-runtime/signed-extensions';

const TABLE_BUCKET = 'arn:aws:s3tables:eu-west-1:000000000000:bucket/tables';

/** The configuration of a function of the example, as CloudFormation would complete it. */
function configOf(fn: 'Ingest' | 'Answer', props: IcebergStackProps): any {
  const stack = new IcebergStack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Iceberg', { env: { account: '000000000000', region: 'eu-west-1' }, ...props });
  const all = Object.entries(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
  const [, { Properties }] = all.find(([id]) => id.startsWith(fn))!;
  return JSON.parse(deployed(Properties.Environment.Variables.DUCKDB_LAMBDA_CONFIG));
}

function deployed(value: any): string {
  if (typeof value === 'string') return value;
  if (value['Fn::Join']) return value['Fn::Join'][1].map(deployed).join(value['Fn::Join'][0]);
  if (value['Fn::Select']) return deployed(value['Fn::Select'][1]['Fn::Split'][1]).split(value['Fn::Select'][1]['Fn::Split'][0])[value['Fn::Select'][0]];
  if (value['Fn::GetAtt']) return TABLE_BUCKET;
  return value.Ref === 'AWS::Partition' ? 'aws' : 'arrivals';
}

type Handler = (event: any) => Promise<any>;

interface Functions {
  readonly ingest: Handler;
  readonly answer: Handler;
  /** The runtime of `ingest`. */
  readonly writer: Runtime;
}

/** Both functions of the example, each with a runtime of its own. */
async function functions(ingest: object, answer: object, env: Record<string, string>): Promise<Functions> {
  const environment = { ...env, DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs', 'avro', 'iceberg') };
  const queries = freshRuntime({ ...environment, DUCKDB_LAMBDA_CONFIG: JSON.stringify(answer) }).queryHandler({ queries: join(repositoryRoot, 'examples/iceberg/queries') });
  // Opens its instance before another configuration is there.
  await queries({ query: 'nothing' } as any).catch(() => undefined);
  const writer = freshRuntime({ ...environment, DUCKDB_LAMBDA_CONFIG: JSON.stringify(ingest) });
  jest.doMock('cdk-duckdb-lambda/runtime', () => writer, { virtual: true });
  const { handler } = jest.requireActual<{ handler: typeof ingestHandler }>('../../examples/iceberg/ingest');
  return { ingest: handler, answer: queries as Handler, writer };
}

/** What the queue hands to the function for new objects. */
const messages = (...keys: string[]) => ({
  Records: [{ body: '{"Event":"s3:TestEvent"}' }, ...keys.map((key) => ({ body: JSON.stringify({ Records: [{ s3: { bucket: { name: 'arrivals' }, object: { key } } }] }) }))],
});

function itWorks(start: () => Promise<Functions>): void {
  test('each order counts once, however often its file comes, and the table can be read as it was', async () => {
    const { ingest, answer, writer } = await start();
    const orders = (from: number, to: number, key: string) => writer.cursor((c) => c.execute(`
      COPY (SELECT i AS order_id, TIMESTAMP '2025-01-01' AS ordered_at, i % 7 AS customer_id, ['toys', 'books'][1 + i % 2] AS category, 1.50::DECIMAL(10, 2) AS amount
      FROM range(${from}, ${to}) t(i)) TO 's3://arrivals/orders/${key}.parquet'`));
    await orders(0, 10, 'a');
    await orders(8, 14, 'b c');

    expect(await ingest(messages())).toEqual({ files: 0, rows: 0 });
    expect(await ingest(messages('orders/a.parquet'))).toEqual({ files: 1, rows: 10 });
    expect(await ingest(messages('orders/a.parquet', 'orders/b+c.parquet'))).toEqual({ files: 2, rows: 4 });
    expect(await ingest(messages('orders/b+c.parquet'))).toEqual({ files: 1, rows: 0 });

    expect(await answer({ query: 'by-category' })).toMatchObject({
      rows: [{ category: 'books', orders: 7, revenue: '10.50' }, { category: 'toys', orders: 7, revenue: '10.50' }],
    });
    const { rows: [, before] } = await answer({ query: 'snapshots' });
    expect(await answer({ query: 'by-category-at', params: { moment: before.moment } })).toMatchObject({
      rows: [{ category: 'books', orders: 5, revenue: '7.50' }, { category: 'toys', orders: 5, revenue: '7.50' }],
    });
  }, 60_000);
}

describeWith(['openssl', 'aws', 'icebergRest'], 'the example of Iceberg, over a REST catalog', () => {
  let bed: IcebergBed;
  let aws: AwsServer;
  beforeAll(async () => {
    [bed, aws] = await Promise.all([startIcebergBed(), startAws()]);
    mkdirSync(join(bed.s3.dir, 'arrivals'));
    await boto(aws, 'boto3.client(\'secretsmanager\').create_secret(Name=\'catalog/token\', SecretString=\'a token\')');
  }, 60_000);
  afterAll(async () => {
    await Promise.all([bed?.stop(), aws?.stop()]);
  });

  itWorks(async () => {
    const props = { rest: { url: bed.catalog.endpoint, warehouse: bed.rest.bucket } };
    return functions(configOf('Ingest', props), configOf('Answer', props), {
      ...await bed.environment([]), AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.endpoint, AWS_ENDPOINT_URL: aws.endpoint,
    });
  });
});

describeWith('ministack', 'the example of Iceberg, in S3 Tables', () => {
  let aws: MiniStackServer;
  beforeAll(async () => {
    aws = await startMiniStack();
    // The environment has the S3 of the suite before.
    await boto(aws, `
s3 = boto3.client('s3', endpoint_url='${aws.endpoint}')
for bucket in ['arrivals', 'tables']:
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})
boto3.client('s3tables').create_table_bucket(name='tables')`);
  });
  afterAll(() => aws?.stop());

  itWorks(() => {
    const here = ({ steps, ...config }: any) => ({ ...config, steps: steps.map(hereToo) });
    const hereToo = (step: any) => (step.type === 'iceberg' ? { ...step, config: { ...step.config, endpoint: `${aws.endpoint}/iceberg` } } : step);
    return functions(here(configOf('Ingest', {})), here(configOf('Answer', {})), {
      AWS_REGION: aws.region, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_ENDPOINT_URL_S3: aws.endpoint,
    });
  });
});
