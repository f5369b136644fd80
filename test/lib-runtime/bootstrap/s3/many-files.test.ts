import { copyFileSync, mkdirSync, renameSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { type FarS3Server, type Operation, operationCounts, startFarS3 } from '../../../bed';
import { describeWith } from '../../../bed/require';
import { farS3Environment } from '../../far-s3-runtime';
import { freshRuntime, type Runtime } from '../../fresh-runtime';
import { signedExtensions } from '../../signed-extensions';

// What docs/fast-queries.md says of globs of many files.

const FILES = 120;
const ROWS = 50;
const ALL = "'s3://lake/days/*/*.parquet'";
const sum = (from: string, rest = '') => `SELECT sum(id)::BIGINT AS total FROM ${from} ${rest}`;
const TOTAL = [{ total: FILES * ROWS * (FILES * ROWS - 1) / 2 }];
/** Of one day. */
const DAY_TOTAL = [{ total: 7 * ROWS + FILES * ROWS * (ROWS - 1) / 2 }];

describeWith('openssl', 'globs of many files', () => {
  let s3: FarS3Server;
  let baked: string;
  const path = (key: string) => join(s3.dir, 'lake', key);

  beforeAll(async () => {
    [s3, baked] = await Promise.all([startFarS3({ delayMs: 10 }), signedExtensions('httpfs')]);
    mkdirSync(path('versions'), { recursive: true });
    await freshRuntime().session({ settings: { threads: 1 } }, async (s) => {
      await s.execute(`COPY (SELECT i AS id, i % ${FILES} AS day FROM range(${FILES * ROWS}) t(i)) TO '${path('days')}' (FORMAT parquet, PARTITION_BY (day))`);
      // The first three are of one size.
      for (const [version, rows] of [4000, 4000, 4000, 9000, 1000].entries()) {
        await s.execute(`COPY (SELECT i, ${version} AS v FROM range(${rows}) t(i)) TO '${path(`versions/${version}.parquet`)}' (FORMAT parquet, COMPRESSION uncompressed)`);
      }
    });
  });
  afterAll(() => s3?.stop());

  function runtime(settings: object = {}): Runtime {
    return freshRuntime(farS3Environment(s3, baked, { settings: { ...settings } }));
  }

  test.each<[string, string, object[], Partial<Record<Operation, number>>]>([
    ['all of them', sum(ALL), TOTAL, { ListObjectsV2: 1, GetObject: FILES }],
    ['all of them, by name', sum(`read_parquet(${ALL}, union_by_name = true)`), TOTAL, { ListObjectsV2: 1, GetObject: FILES }],
    ['one partition by its path', sum("'s3://lake/days/day=7/*.parquet'"), DAY_TOTAL, { ListObjectsV2: 1, GetObject: 1 }],
    ['one partition by WHERE', sum(ALL, 'WHERE day = 7'), DAY_TOTAL, { ListObjectsV2: 1, GetObject: 2 }],
    ['one partition by WHERE, by name: every footer', sum(`read_parquet(${ALL}, union_by_name = true)`, 'WHERE day = 7'), DAY_TOTAL, { ListObjectsV2: 1, GetObject: FILES }],
  ])('%s', async (_, sql, rows, requests) => {
    const { cursor } = runtime();
    await s3.reset();
    expect(await cursor((c) => c.query(sql))).toEqual(rows);
    expect(operationCounts(await s3.traffic())).toEqual(requests);
  });

  test('parquet_metadata_cache never answers from a footer of an object that has changed', async () => {
    const { cursor } = runtime({ parquet_metadata_cache: 'true' });
    const publish = (version: number) => {
      copyFileSync(path(`versions/${version}.parquet`), path('changing.new'));
      // As within the same second.
      utimesSync(path('changing.new'), 1_700_000_000, 1_700_000_000);
      renameSync(path('changing.new'), path('changing.parquet'));
    };
    for (const version of [0, 1, 2, 3, 4, 0, 4, 3, 1, 2]) {
      publish(version);
      const expected = { n: [4000, 4000, 4000, 9000, 1000][version], least: version, most: version };
      for (const files of ["'s3://lake/changing.parquet'", "'s3://lake/chang*.parquet'"]) {
        expect(await cursor((c) => c.queryOne(`SELECT count(*) AS n, min(v) AS least, max(v) AS most FROM ${files}`))).toEqual(expected);
        expect(await cursor((c) => c.queryOne(`SELECT count(*) AS n FROM ${files}`))).toEqual({ n: expected.n });
      }
    }
  });
});
