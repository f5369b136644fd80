import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { operationCounts, run, startFarS3, type FarS3Options, type FarS3Server } from '..';
import { installAws } from './aws';
import { extensionFile, signedExtensions } from '../../lib-runtime/signed-extensions';
import { isAlive, processIdentity } from '../process/process-identity';
import { describeWith } from '../require';

let started: FarS3Server[] = [];

async function start(options?: FarS3Options): Promise<FarS3Server> {
  const s3 = await startFarS3(options);
  started.push(s3);
  mkdirSync(join(s3.dir, 'lake'));
  return s3;
}
afterEach(async () => {
  await Promise.all(started.map((s3) => s3.stop()));
  started = [];
});

function put(s3: FarS3Server, key: string, content: string | Buffer): void {
  const file = join(s3.dir, key);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

describeWith(['openssl', 'aws'], 'startFarS3, by AWS\'s own client', () => {
  /** What a script prints that has a client `s3`, and `code(call)` for the error of a call. */
  async function python(s3: FarS3Server, script: string, env: Record<string, string> = {}): Promise<string> {
    const prelude = `
import boto3, hashlib
from botocore.exceptions import ClientError
s3 = boto3.client('s3')
def code(call, **arguments):
  try:
    call(**arguments)
  except ClientError as error:
    return str(error.response['ResponseMetadata']['HTTPStatusCode']) + ' ' + error.response['Error']['Code']
`;
    const { stdout } = await run(join(await installAws(), 'bin/python'), ['-c', prelude + script], {
      env: {
        AWS_ENDPOINT_URL_S3: s3.endpoint,
        AWS_CA_BUNDLE: s3.caFile,
        AWS_DEFAULT_REGION: s3.region,
        AWS_ACCESS_KEY_ID: s3.accessKeyId,
        AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
        // Without it bodies are sent in signed chunks, which DuckDB never does.
        AWS_REQUEST_CHECKSUM_CALCULATION: 'when_required',
        ...env,
      },
    });
    return stdout.trim();
  }

  it('puts, reads, and deletes', async () => {
    const s3 = await start();
    expect(await python(s3, `
s3.put_object(Bucket='lake', Key='a/b+c d&é.txt', Body=b'forty-two')
print(s3.get_object(Bucket='lake', Key='a/b+c d&é.txt')['Body'].read().decode())
head = s3.head_object(Bucket='lake', Key='a/b+c d&é.txt')
print(head['ContentLength'], code(s3.head_object, Bucket='lake', Key='none'), code(s3.get_object, Bucket='lake', Key='none'))
for r in ['bytes=0-4', 'bytes=6-', 'bytes=-3', 'bytes=6-999']: print(s3.get_object(Bucket='lake', Key='a/b+c d&é.txt', Range=r)['Body'].read().decode())
print(code(s3.get_object, Bucket='lake', Key='a/b+c d&é.txt', Range='bytes=9-'))
s3.put_object(Bucket='lake', Key='empty', Body=b'')
print(len(s3.get_object(Bucket='lake', Key='empty')['Body'].read()), code(s3.put_object, Bucket='none', Key='a', Body=b''))
s3.delete_object(Bucket='lake', Key='empty')
s3.delete_objects(Bucket='lake', Delete={'Objects': [{'Key': 'a/b+c d&é.txt'}, {'Key': 'never'}]})
print(s3.list_objects_v2(Bucket='lake')['KeyCount'])
`)).toBe(['forty-two', '9 404 404 404 NoSuchKey', 'forty', 'two', 'two', 'two', '416 InvalidRange', '0 404 NoSuchBucket', '0'].join('\n'));
  });

  it('knows versions by their entity tags', async () => {
    const s3 = await start();
    put(s3, 'lake/a', 'one');
    expect(await python(s3, `
from os import environ
tag = s3.get_object(Bucket='lake', Key='a')['ETag']
print(s3.head_object(Bucket='lake', Key='a')['ETag'] == tag, s3.list_objects_v2(Bucket='lake')['Contents'][0]['ETag'] == tag)
print(code(s3.get_object, Bucket='lake', Key='a', IfMatch=tag), code(s3.get_object, Bucket='lake', Key='a', IfNoneMatch=tag))
open('${join(s3.dir, 'lake/a')}', 'w').write('two')
print(code(s3.get_object, Bucket='lake', Key='a', IfMatch=tag), code(s3.get_object, Bucket='lake', Key='a', IfNoneMatch=tag))
print(s3.put_object(Bucket='lake', Key='a', Body=b'three')['ETag'] == s3.head_object(Bucket='lake', Key='a')['ETag'])
`)).toBe(['True True', 'None 304 304', '412 PreconditionFailed None', 'True'].join('\n'));
  });

  it('lists by prefix and delimiter, a page at a time', async () => {
    const s3 = await start();
    for (let i = 0; i < 1005; i++) put(s3, `lake/many/${String(i).padStart(4, '0')}`, '');
    for (const key of ['a/1', 'a/b/2', 'a/b/3', 'a-4', 'c']) put(s3, `lake/tree/${key}`, key);
    expect(await python(s3, `
first = s3.list_objects_v2(Bucket='lake', Prefix='many/')
rest = s3.list_objects_v2(Bucket='lake', Prefix='many/', ContinuationToken=first['NextContinuationToken'])
print(first['KeyCount'], first['IsTruncated'], rest['KeyCount'], rest['IsTruncated'], rest['Contents'][0]['Key'])
pages = s3.get_paginator('list_objects_v2').paginate(Bucket='lake', Prefix='tree/', Delimiter='/', PaginationConfig={'PageSize': 1})
for page in pages: print([o['Key'] for o in page.get('Contents', [])], [p['Prefix'] for p in page.get('CommonPrefixes', [])])
print([o['Key'] for o in s3.list_objects_v2(Bucket='lake', Prefix='tree/a/', StartAfter='tree/a/1')['Contents']])
print(code(s3.list_objects_v2, Bucket='none'), 'Contents' in s3.list_objects_v2(Bucket='lake', Prefix='nothing/'))
`)).toBe([
      '1000 True 5 False many/1000', "['tree/a-4'] []", "[] ['tree/a/']", "['tree/c'] []", "['tree/a/b/2', 'tree/a/b/3']", '404 NoSuchBucket False',
    ].join('\n'));
  });

  it('puts together what comes in parts, and forgets what is aborted', async () => {
    const s3 = await start();
    expect(await python(s3, `
def upload(key): return s3.create_multipart_upload(Bucket='lake', Key=key)['UploadId']
def part(number, body): return {'PartNumber': number, 'ETag': s3.upload_part(Bucket='lake', Key='big', UploadId=id, PartNumber=number, Body=body)['ETag']}
id = upload('big')
second, first = part(2, b'world'), part(1, b'hello ')
print(code(s3.head_object, Bucket='lake', Key='big'))
s3.complete_multipart_upload(Bucket='lake', Key='big', UploadId=id, MultipartUpload={'Parts': [first, second]})
print(s3.get_object(Bucket='lake', Key='big')['Body'].read().decode())
print(code(s3.upload_part, Bucket='lake', Key='big', UploadId=id, PartNumber=3, Body=b''))
id = upload('big')
s3.abort_multipart_upload(Bucket='lake', Key='big', UploadId=id)
print(code(s3.abort_multipart_upload, Bucket='lake', Key='big', UploadId=id))
`)).toBe(['404 404', 'hello world', '404 NoSuchUpload', '404 NoSuchUpload'].join('\n'));
  });

  it('refuses unsigned requests, unknown keys and wrong signatures', async () => {
    const s3 = await start();
    const listing = "print(code(s3.list_objects_v2, Bucket='lake'))";
    expect(await python(s3, listing)).toBe('None');
    expect(await python(s3, listing, { AWS_SECRET_ACCESS_KEY: 'wrong' })).toBe('403 SignatureDoesNotMatch');
    expect(await python(s3, listing, { AWS_ACCESS_KEY_ID: 'AKIAUNKNOWN' })).toBe('403 InvalidAccessKeyId');
    expect(await python(s3, `from botocore import UNSIGNED\nfrom botocore.config import Config\ns3 = boto3.client('s3', config=Config(signature_version=UNSIGNED))\n${listing}`))
      .toBe('403 AccessDenied');
  });
});

describeWith('openssl', 'startFarS3, by DuckDB', () => {
  async function withDuckDb<T>(s3: FarS3Server, threads: number, task: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const extension = extensionFile(await signedExtensions('httpfs'), 'httpfs');
    const instance = await DuckDBInstance.create(':memory:', { threads: `${threads}` });
    const connection = await instance.connect();
    try {
      await connection.run(`LOAD '${extension}'; SET httpfs_connection_caching = true`);
      if (s3.caFile) await connection.run(`SET ca_cert_file = '${s3.caFile}'`);
      await connection.run(`CREATE SECRET (TYPE s3, KEY_ID '${s3.accessKeyId}', SECRET '${s3.secretAccessKey}', REGION '${s3.region}',
        ENDPOINT '127.0.0.1:${s3.port}', USE_SSL ${s3.caFile !== undefined}, URL_STYLE 'path')`);
      return await task(connection);
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }

  it.each([true, false])('writes, lists and reads, TLS %s, and all of it is counted', async (tls) => {
    const s3 = await start({ tls });
    await withDuckDb(s3, 1, async (connection) => {
      await connection.run("COPY (SELECT range AS i, range % 3 AS day FROM range(3000)) TO 's3://lake/days' (FORMAT parquet, PARTITION_BY (day))");
      const reader = await connection.runAndReadAll("SELECT day, count(*) FROM 's3://lake/days/*/*.parquet' GROUP BY day ORDER BY day");
      expect(reader.getRowsJson()).toEqual([['0', '1000'], ['1', '1000'], ['2', '1000']]);
    });
    const traffic = await s3.traffic();
    // The hive partitions are constants, and count(*) reads no column: a footer a file.
    expect(operationCounts(traffic)).toEqual({ ListObjectsV2: 2, PutObject: 3, GetObject: 3 });
    expect(traffic).toMatchObject({ connections: 1, handshakes: tls ? 1 : 0, resumed: 0, mostAtOnce: 1 });
    const [get] = traffic.requests.filter(({ operation }) => operation === 'GetObject');
    expect(get).toMatchObject({ key: 'lake/days/day=0/data_0.parquet', range: expect.stringMatching(/^bytes=\d+-\d+$/), status: 206 });
    const written = traffic.requests.find(({ operation, key }) => operation === 'PutObject' && key === get!.key)!;
    expect(written.receivedBytes).toBe(readFileSync(join(s3.dir, get!.key)).length);
    await s3.reset();
    expect(await s3.traffic()).toEqual({ requests: [], connections: 0, handshakes: 0, resumed: 0, mostAtOnce: 0 });
  });

  it('takes a file in parts', async () => {
    const s3 = await start({ tls: false });
    await withDuckDb(s3, 1, async (connection) => {
      await connection.run("SET s3_uploader_max_filesize = '50GB'");
      await connection.run("COPY (SELECT hash(range) AS h FROM range(1000000)) TO 's3://lake/big.parquet'");
      expect((await connection.runAndReadAll("SELECT count(DISTINCT h)::INTEGER FROM 's3://lake/big.parquet'")).getRows()).toEqual([[1_000_000]]);
    });
    expect(operationCounts(await s3.traffic())).toMatchObject({ CreateMultipartUpload: 1, UploadPart: 2, CompleteMultipartUpload: 1 });
  });

  it('holds back each answer, of many at once as of one', async () => {
    const s3 = await start();
    for (let i = 0; i < 8; i++) put(s3, `lake/${i}.csv`, 'a\n1\n');
    await withDuckDb(s3, 8, async (connection) => {
      const duration = async () => {
        const before = performance.now();
        await connection.run("SELECT * FROM read_csv('s3://lake/*.csv', columns = { 'a': 'INTEGER' }, header = true)");
        return performance.now() - before;
      };
      await s3.setDelay(200);
      const late = await duration();
      expect(late).toBeGreaterThan(400);
      const { mostAtOnce, connections } = await s3.traffic();
      expect(mostAtOnce).toBeGreaterThan(1);
      expect(connections).toBeLessThanOrEqual(8);
      await s3.setDelay(0);
      expect(await duration()).toBeLessThan(late / 2);
    });
  });

  it('leaves no process and no files', async () => {
    const s3 = await start();
    const identity = processIdentity(s3.pid)!;
    expect(isAlive(identity)).toBe(true);
    await s3.stop();
    expect(isAlive(identity)).toBe(false);
    expect(existsSync(s3.dir)).toBe(false);
  });
});
