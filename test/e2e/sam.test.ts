import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { App } from 'aws-cdk-lib';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { SalesStack } from '../../examples/sales/stack';
import { ExtensionRepository } from '../../src';
import { buildNetwork, CONTAINER_HOST, lambdaBaseImage, pythonPackages, run, startS3, type S3Server } from '../bed';
import { describeWith } from '../bed/require';
import { temporaryDirectory } from '../temporary-directory';

const BUCKET = 'my-data-lake';

const ORDERS = `
  SELECT * FROM (VALUES ('toys', 10.50), ('toys', 2.00), ('books', 7.25)) AS orders(category, amount)`;

describeWith(['lambda', 's3'], 'the example of monthly sales under AWS SAM', () => {
  let s3: S3Server;
  let sam: (...args: string[]) => Promise<string>;

  beforeAll(async () => {
    s3 = await startS3();
    await writeOrders(join(s3.dir, BUCKET, 'orders', 'month=2025-01'));
    const command = join(await pythonPackages('sam', ['aws-sam-cli==1.170.0'], ['--no-compile']), 'bin', 'sam');
    const env = {
      SAM_CLI_TELEMETRY: '0',
      AWS_REGION: s3.region,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      // Others find AWS's credentials of whoever runs this.
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    };
    sam = async (...args) => (await run(command, args, { env, timeoutMs: 300_000 })).stdout;
  }, 600_000);
  afterAll(() => s3.stop());

  test('is built from CDK\'s metadata, and answers', async () => {
    const template = await synthesised(s3);
    const build = temporaryDirectory();
    await sam('build', '--template', template, '--skip-pull-image', '--build-dir', build);
    const answer = await sam('local', 'invoke', '--template', join(build, 'template.yaml'), '--skip-pull-image',
      '--add-host', `${CONTAINER_HOST}:host-gateway`, '--no-event', 'Sales');
    expect(JSON.parse(answer)).toEqual([{ month: '2025-01', category: 'toys', orders: 2, revenue: '12.50' }]);
  }, 600_000);
});

async function synthesised(s3: S3Server): Promise<string> {
  // What `cdk synth` asks for: SAM reads how the image is built from the template's metadata.
  const app = new App({ outdir: temporaryDirectory(), context: { 'aws:cdk:enable-asset-metadata': true, 'aws:cdk:enable-path-metadata': true } });
  const { buildArgs } = await buildNetwork();
  const { sales } = new SalesStack(app, 'Sales', {
    lake: BUCKET,
    image: {
      architecture: process.arch === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64,
      baseImage: (await lambdaBaseImage()).reference,
      extensionRepository: ExtensionRepository.fromPyPi(),
      imageBuild: { buildArgs },
    },
  });
  sales.addEnvironment('AWS_ENDPOINT_URL_S3', `http://${CONTAINER_HOST}:${s3.port}`);
  return join(app.synth().directory, 'Sales.template.json');
}

async function writeOrders(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  await connection.run(`COPY (${ORDERS}) TO '${directory}/orders.parquet'`);
  connection.closeSync();
  instance.closeSync();
}
