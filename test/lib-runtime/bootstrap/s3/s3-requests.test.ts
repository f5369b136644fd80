import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { operationCounts, startFarS3, type FarS3Server, type Operation } from '../../../bed';
import { describeWith } from '../../../bed/require';
import { farS3Environment } from '../../far-s3-runtime';
import { freshRuntime, type Runtime } from '../../fresh-runtime';
import { signedExtensions } from '../../signed-extensions';

/** What statements ask of S3. Each request is a round trip of some 25 ms from Lambda, so more of them is a regression. */
type Requests = Partial<Record<Operation, number>>;

const ROW_GROUP = 122_880;
const FILES = 12;

/** They change when something is asked for, never what. */
const THREADS = [1, 8];

describeWith('openssl', 'requests to S3', () => {
  let s3: FarS3Server;
  let baked: string;

  beforeAll(async () => {
    [s3, baked] = await Promise.all([startFarS3(), signedExtensions('httpfs')]);
    for (const bucket of ['lake', 'export']) mkdirSync(join(s3.dir, bucket));
    const { session } = runtime();
    await session({ settings: { threads: 1, s3_uploader_max_filesize: '50GB' } }, async (s) => {
      const local = (key: string) => join(s3.dir, 'lake', key);
      // Four row groups of two columns that no statistics and no bloom filter tell apart.
      const rows = (from: number) => `SELECT i AS id, hash(i) AS noise, i % 10 AS digit FROM range(${from}, ${from + 4 * ROW_GROUP}) t(i)`;
      await s.execute(`COPY (${rows(0)}) TO '${local('events.parquet')}'`);
      await s.execute(`COPY (${rows(1)}) TO '${local('newer.parquet')}'`);
      await s.execute(`COPY (SELECT i AS id, hash(i) AS noise, i % ${FILES} AS day FROM range(120000) t(i)) TO '${local('days')}' (FORMAT parquet, PARTITION_BY (day))`);
    });
  });
  afterAll(() => s3?.stop());

  function runtime(settings: object = {}, step: object = {}): Runtime {
    const steps = [{ name: 's3', type: 's3', config: { scopes: ['s3://lake/', 's3://export/'], ...step } }];
    return freshRuntime(farS3Environment(s3, baked, { steps, settings: { ...settings } }));
  }

  /** What `task` asked of S3. */
  async function requestsOf(task: () => Promise<unknown>): Promise<Requests> {
    await s3.reset();
    await task();
    return operationCounts(await s3.traffic());
  }

  const sum = (files: string, rest = '') => `SELECT sum(id)::BIGINT AS total FROM ${files} ${rest}`;
  const EVENTS = "'s3://lake/events.parquet'";
  const LIST = `[${Array.from({ length: FILES }, (_, day) => `'s3://lake/days/day=${day}/data_0.parquet'`).join(', ')}]`;
  const DAYS = "'s3://lake/days/*/*.parquet'";

  /** What each statement asks for: at first, again on the same cursor, and again on a new one. */
  const READS: readonly [name: string, sql: string, first: Requests, again: Requests, onNewCursor: Requests][] = [
    ['the count of a file', `SELECT count(*) AS n FROM ${EVENTS}`,
      { HeadObject: 1, GetObject: 1 }, { HeadObject: 1 }, { HeadObject: 1 }],
    ['a column of a file', sum(EVENTS),
      { HeadObject: 1, GetObject: 5 }, { HeadObject: 1 }, { HeadObject: 1 }],
    // In each row group first the filter's column; the last one lies within what was read as the footer.
    ['a filter on another column', sum(EVENTS, 'WHERE digit = 3'),
      { HeadObject: 1, GetObject: 8 }, { HeadObject: 1 }, { HeadObject: 1 }],
    ['a filter that statistics answer', sum(EVENTS, 'WHERE id < 10'),
      { HeadObject: 1, GetObject: 2 }, { HeadObject: 1 }, { HeadObject: 1 }],
    ['a list of files', sum(`read_parquet(${LIST})`),
      { HeadObject: FILES, GetObject: 2 * FILES }, { HeadObject: FILES }, { HeadObject: FILES }],
    ['a glob', sum(DAYS),
      { ListObjectsV2: 1, GetObject: 2 * FILES }, { ListObjectsV2: 1 }, { ListObjectsV2: 1 }],
    // The first file's footer is read for its columns.
    ['one partition of a glob', sum(DAYS, 'WHERE day = 7'),
      { ListObjectsV2: 1, GetObject: 3 }, { ListObjectsV2: 1 }, { ListObjectsV2: 1 }],
  ];

  describe.each(THREADS)('threads: %d', (threads) => {
    test.each(READS)('%s', async (_, sql, first, again, onNewCursor) => {
      const { cursor } = runtime({ threads: `${threads}` });
      const seen: Requests[] = [];
      await cursor(async (c) => {
        seen.push(await requestsOf(() => c.query(sql)));
        seen.push(await requestsOf(() => c.query(sql)));
      });
      seen.push(await requestsOf(() => cursor((c) => c.query(sql))));
      expect(seen).toEqual([first, again, onNewCursor]);
    });
  });

  // What docs/fast-queries.md says of the layout of files.
  test.each<[string, string, Requests, Requests]>([
    ['as DuckDB writes it, with bloom filters', '', { HeadObject: 1, GetObject: 11 }, { HeadObject: 1, GetObject: 3 }],
    ['without bloom filters', ', WRITE_BLOOM_FILTER false', { HeadObject: 1, GetObject: 9 }, { HeadObject: 1, GetObject: 5 }],
    ['in one row group', `, ROW_GROUP_SIZE ${4 * ROW_GROUP}`, { HeadObject: 1, GetObject: 3 }, { HeadObject: 1, GetObject: 1 }],
  ])('a value that is in each row group, and one that is in none, of a file %s', async (_, options, present, absent) => {
    const { session } = runtime({ threads: '1' });
    const rows = `SELECT i AS id, hash(i) AS noise, (i * 7919) % 5000 * 2 AS customer FROM range(${4 * ROW_GROUP}) t(i)`;
    const file = join(s3.dir, 'lake/customers.parquet');
    await session({ settings: { threads: 1 } }, (s) => s.execute(`COPY (${rows}) TO '${file}' (FORMAT parquet${options})`));
    // Each in a function that has just started.
    const find = (customer: number) => requestsOf(() => (
      runtime({ threads: '1' }).cursor((c) => c.query(sum("'s3://lake/customers.parquet'", `WHERE customer = ${customer}`)))
    ));
    expect([await find(4444), await find(4445)]).toEqual([present, absent]);
  });

  test('a connection is kept for those that come later', async () => {
    const { cursor } = runtime({ threads: '1' });
    const connectionsOf = async (sql: string) => {
      await s3.reset();
      await cursor((c) => c.query(sql));
      const { connections, handshakes } = await s3.traffic();
      return { connections, handshakes };
    };
    expect(await connectionsOf(sum(EVENTS))).toEqual({ connections: 1, handshakes: 1 });
    expect(await connectionsOf(sum(DAYS))).toEqual({ connections: 0, handshakes: 0 });
  });

  test('an object that has changed is read again, and read right', async () => {
    const { cursor } = runtime();
    const changing = "'s3://lake/changing.parquet'";
    const total = () => cursor((c) => c.queryOne(sum(changing)));
    const n = 4 * ROW_GROUP;
    copyFileSync(join(s3.dir, 'lake/events.parquet'), join(s3.dir, 'lake/changing.parquet'));
    expect(await total()).toEqual({ total: n * (n - 1) / 2 });
    copyFileSync(join(s3.dir, 'lake/newer.parquet'), join(s3.dir, 'lake/changing.parquet'));
    expect(await requestsOf(async () => expect(await total()).toEqual({ total: n * (n + 1) / 2 }))).toEqual({ HeadObject: 1, GetObject: 5 });
  });

  test('immutable objects are asked for once', async () => {
    const { cursor } = runtime({}, { immutable: true });
    const read = (sql: string) => requestsOf(() => cursor((c) => c.query(sql)));
    expect([await read(sum(EVENTS)), await read(sum(EVENTS))]).toEqual([{ HeadObject: 1, GetObject: 5 }, {}]);
    expect([await read(sum(DAYS)), await read(sum(DAYS))]).toEqual([{ ListObjectsV2: 1, GetObject: 2 * FILES }, { ListObjectsV2: 1 }]);
  });

  describe('COPY', () => {
    const copy = (rows: string, to: string, options = '') => requestsOf(() => runtime().cursor((c) => c.execute(`COPY (${rows}) TO 's3://export/${to}' ${options}`)));

    test('a small file goes in one request', async () => {
      expect(await copy('SELECT 42 AS answer', 'small.parquet')).toEqual({ PutObject: 1 });
    });

    test('a large one in parts', async () => {
      expect(await copy('SELECT hash(i) AS noise FROM range(1000000) t(i)', 'large.parquet'))
        .toEqual({ CreateMultipartUpload: 1, UploadPart: 2, CompleteMultipartUpload: 1 });
    });

    test('partitions in a request each, after a look whether there are any', async () => {
      const rows = 'SELECT i, i % 5 AS part FROM range(1000) t(i)';
      expect(await copy(rows, 'parts', '(FORMAT parquet, PARTITION_BY (part))')).toEqual({ ListObjectsV2: 1, PutObject: 5 });
      expect(await copy(rows, 'parts', '(FORMAT parquet, PARTITION_BY (part), OVERWRITE)')).toEqual({ ListObjectsV2: 1, DeleteObjects: 1, PutObject: 5 });
    });
  });
});
