import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { queryError } from '../../../lib-runtime/diagnosis/query-error';
import { startS3, type S3Server } from '../../bed';
import { describeWith } from '../../bed/require';
import { freshRuntime } from '../fresh-runtime';
import { type Front, frontOf } from '../front';
import { rejection } from '../rejection';
import { config } from '../runtime-config';
import { signedExtensions } from '../signed-extensions';

/** As S3 answers who does not sign; the test's server takes that for a malformed request. */
const DENIED = {
  status: 403, headers: { 'content-type': 'application/xml' }, body: '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>',
};

const STEPS = [
  { name: 'orders', type: 's3', config: { scopes: ['s3://lake/orders/', 's3://lake/returns/'] } },
  { name: 'export', type: 's3', config: { scopes: ['s3://export/'] } },
];

describeWith('s3', 'what is said of a file that could not be read', () => {
  let s3: S3Server;
  let front: Front;
  let environment: Record<string, string>;
  let declared: Record<string, string>;

  beforeAll(async () => {
    s3 = await startS3();
    front = await frontOf(s3.endpoint);
    for (const directory of ['lake/orders', 'lake/customers', 'export', 'other']) mkdirSync(join(s3.dir, directory), { recursive: true });
    for (const file of ['lake/orders/a?b.csv', 'lake/orders/a[1].csv', 'lake/orders/a*b.csv', 'lake/customers/x.csv', 'other/x.csv', 'export/x.csv']) writeFileSync(join(s3.dir, file), 'a\n1\n');
    environment = {
      DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs', 'tpch'),
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_REGION: s3.region,
      AWS_ENDPOINT_URL_S3: front.endpoint,
    };
    // What no step covers asks the same server, without credentials.
    const settings = { s3_endpoint: new URL(front.endpoint).host, s3_url_style: 'path', s3_use_ssl: 'false' };
    declared = { ...environment, ...config({ extensions: ['httpfs'], steps: STEPS, settings }) };
  });
  afterAll(() => Promise.all([front?.stop(), s3?.stop()]));
  beforeEach(() => {
    front.fault = () => undefined;
  });

  async function messageOf(sql: string, parameters?: unknown[], env = declared): Promise<string> {
    const { session } = freshRuntime(env);
    return (await rejection(session((s) => s.query(sql, parameters)))).message;
  }

  test('a bucket that no step declares is to be declared', async () => {
    front.fault = () => DENIED;
    const message = await messageOf("FROM 's3://other/x.csv'");
    expect(message).toContain('(HTTP 403');
    expect(message).toContain('hint: S3 refused: declare the bucket "other" in an S3Step of the function\'s bootstrap, which grants s3:GetObject and s3:ListBucket');
  });

  test('the bucket is known also where only a parameter names it, and in the other spellings of S3', async () => {
    front.fault = () => DENIED;
    expect(await messageOf('FROM read_csv(?)', ['s3://other/x.csv'])).toContain('declare the bucket "other" in an S3Step');
    expect(await messageOf("FROM 's3a://other/x.csv'")).toContain('declare the bucket "other" in an S3Step');
  });

  test('a key outside the declared prefixes: the error lists them', async () => {
    front.fault = () => DENIED;
    expect(await messageOf("FROM 's3://lake/customers/x.csv'")).toContain(
      'hint: S3 refused: "s3://lake/customers/x.csv" is not under any of the declared prefixes, which are "s3://lake/orders/", "s3://lake/returns/", ' +
      "and is asked for without credentials: add its own to the S3Step's prefixes");
  });

  test('of a bucket that is declared nobody says that it should be', async () => {
    front.fault = () => DENIED;
    const reading = await messageOf("FROM 's3://lake/orders/wrong.csv'");
    expect(reading).toContain('hint: S3 refused, though the S3Step "orders" declares the bucket: the key may be wrong');
    expect(reading).not.toContain('declare the bucket "');
  });

  test('who may only read is told how to write', () => {
    freshRuntime(declared);
    const refusal = new Error('HTTP Error: Unable to connect to URL s3://export/y.csv: Forbidden (HTTP code 403)');
    expect(queryError(refusal, "COPY t TO 's3://export/y.csv'").message).toContain('the S3Step may only read (permissions: S3Permissions.READ_WRITE)');
  });

  test('a step that the session left out is named', async () => {
    front.fault = () => DENIED;
    const { session } = freshRuntime(declared);
    const error = await rejection(session({ bootstrap: ['orders'] }, (s) => s.query("FROM 's3://export/x.csv'")));
    expect(error.message).toContain('hint: the S3Step "export" gives access to it, but this cursor\'s bootstrap leaves that step out');
  });

  test('without a stack nobody speaks of steps that should be declared', async () => {
    const { session } = freshRuntime(environment);
    const message = await session(async (s) => {
      await s.execute('LOAD httpfs');
      await s.execute(`CREATE SECRET (TYPE s3, KEY_ID 'none', SECRET 'none', ENDPOINT '${new URL(front.endpoint).host}', URL_STYLE 'path', USE_SSL false)`);
      front.fault = () => DENIED;
      return (await rejection(s.query("FROM 's3://other/x.csv'"))).message;
    });
    expect(message).toContain("hint: without a stack's configuration DuckDB signs with the AWS credentials of the environment");
  });

  test('a ? in a key, and how it is read', async () => {
    const sql = "FROM 's3://lake/orders/a?b.csv'";
    expect(await messageOf(sql)).toContain('hint: DuckDB reads the text after a ? in an s3:// URL as settings of the request');
    const { session } = freshRuntime(declared);
    expect(await session(async (s) => {
      await s.execute('SET s3_url_compatibility_mode = true');
      return s.query(sql);
    })).toEqual([{ a: 1 }]);
  });

  test('a missing key', async () => {
    expect(await messageOf("FROM 's3://lake/orders/none.csv'")).toContain('hint: nothing exists there: check bucket, key and region');
    expect(await messageOf("FROM 's3://lake/orders/none*.csv'")).toContain('hint: nothing exists there: check bucket, key and region');
    expect(await messageOf(`FROM '${s3.endpoint}/lake/orders/none.csv'`)).not.toContain('s3:ListBucket');
  });

  test('the bucket is in another region', async () => {
    front.fault = () => ({ status: 301 });
    expect(await messageOf("FROM 's3://lake/orders/x.csv'")).toContain("hint: the bucket is in another region: give it as the S3Step's region");
    expect(await messageOf("FROM 's3://other/x.csv'")).toContain('hint: the bucket is in another region: declare it in an S3Step with its region');
    expect(await messageOf("FROM 's3://other/x.csv'", [], environment)).toContain('hint: the bucket is in another region: set AWS_REGION to it');
  });

  test('a name that is a glob when it is read, and how it is written', async () => {
    const advice = '; * ? and [ ] are a glob there: if they are part of the name, write [*], [?] and [[]';
    expect(await messageOf("FROM 's3://lake/orders/a[1].csv'")).toContain(advice);
    expect(await messageOf("FROM 'a[1].csv'")).toContain(advice);
    expect(await messageOf("FROM 's3://lake/orders/none.csv'")).not.toContain('glob');
    const { session } = freshRuntime(declared);
    for (const name of ['a[[]1].csv', 'a[*]b.csv']) expect(await session((s) => s.query(`FROM 's3://lake/orders/${name}'`))).toEqual([{ a: 1 }]);
  });

  test('a scheme in upper case', async () => {
    const advice = 'hint: DuckDB knows only schemes in lower case, and reads others as local paths: write s3://';
    expect(await messageOf("FROM 'S3://lake/orders/x.csv'")).toContain(advice);
    expect(await messageOf("COPY (SELECT 1) TO 'S3://lake/orders/x.csv'")).toContain(advice);
    expect(await messageOf("FROM 'HTTPS://127.0.0.1:1/x.csv'")).toContain('write https://');
  });

  test('a key with dots for a part', async () => {
    for (const sql of ["FROM read_csv('s3://lake/orders/../customers/x.csv')", "COPY (SELECT 1) TO 's3://lake/orders/./y.csv'"]) {
      expect(await messageOf(sql)).toContain('hint: HTTP clients resolve "." and ".." in a URL as folders');
    }
  });

  test('of a local file nobody speaks of buckets', async () => {
    const reading = await messageOf("FROM 'missing.csv'");
    expect(reading).toContain(`hint: that is a path of the local file system, and a relative path begins at ${process.cwd()}`);
    const writing = await messageOf("COPY (SELECT 1 AS x) TO '/nowhere/x.csv'");
    for (const message of [reading, writing]) expect(message).not.toMatch(/bucket|region|s3:ListBucket/);
  });
});
