import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ask, asking } from './http-bed';
import { startFarS3, type FarS3Server } from '../../../bed';
import { describeWith } from '../../../bed/require';
import { temporaryDirectory } from '../../../temporary-directory';
import { farS3Environment } from '../../far-s3-runtime';
import { freshRuntime } from '../../fresh-runtime';
import { signedExtensions } from '../../signed-extensions';

const PARAMS = "-- @param month VARCHAR = '2025-01'\n";
const CSV = "read_csv('s3://lake/field.csv', columns = {month: 'VARCHAR', amount: 'INTEGER'}, header = true)";

const QUERIES = {
  truncated: `${PARAMS}SELECT count(*) AS n FROM 's3://lake/truncated.parquet' WHERE month = $month`,
  damaged: `${PARAMS}SELECT sum(i) AS n, max(d) AS d FROM 's3://lake/damaged.parquet' WHERE month = $month`,
  field: `${PARAMS}SELECT sum(amount) AS n FROM ${CSV} WHERE month = $month`,
  json: `${PARAMS}FROM read_json('s3://lake/broken.json', columns = {month: 'VARCHAR'}) WHERE month = $month`,
  overflow: `${PARAMS}SELECT sum(i + 9223372036854775000)::BIGINT AS n FROM 's3://lake/whole.parquet' WHERE month = $month`,
};

describeWith('openssl', 'data in S3 that is broken is nobody\'s parameter', () => {
  let s3: FarS3Server;
  let ask: Ask;
  let logged: jest.SpyInstance;

  beforeAll(async () => {
    s3 = await startFarS3();
    const lake = join(s3.dir, 'lake');
    mkdirSync(lake);
    const whole = join(temporaryDirectory(), 'whole.parquet');
    await freshRuntime().cursor((c) => c.execute(`COPY (SELECT range AS i, '2025-01' AS month, 'v' || range AS d FROM range(100000)) TO '${whole}'`));
    const bytes = readFileSync(whole);
    writeFileSync(join(lake, 'whole.parquet'), bytes);
    writeFileSync(join(lake, 'truncated.parquet'), bytes.subarray(0, bytes.length / 2));
    writeFileSync(join(lake, 'damaged.parquet'), Buffer.from(bytes).fill(0xff, 100, 5000));
    writeFileSync(join(lake, 'field.csv'), 'month,amount\n2025-01,5\n2025-01,oops\n');
    writeFileSync(join(lake, 'broken.json'), '{"month":"2025-01"}\n{"month":\n');
    ask = asking(freshRuntime(farS3Environment(s3, await signedExtensions('httpfs'))), QUERIES);
  }, 120_000);
  beforeEach(() => void (logged = jest.spyOn(console, 'error').mockImplementation(() => undefined)));
  afterEach(() => logged.mockRestore());
  afterAll(() => s3?.stop());

  test.each(Object.keys(QUERIES))('%s: a 500 with or without parameters, and the log has the reason', async (name) => {
    for (const url of [`/${name}`, `/${name}?month=2025-01`]) {
      const { status, text } = await ask(url);
      expect([url, status, JSON.parse(text).detail]).toEqual([url, 500, 'the query failed; the server\'s log has the reason']);
    }
    expect(logged.mock.calls).toEqual(Array(2).fill([`the query "${name}" was answered with HTTP 500:`, expect.stringMatching(/Error: /)]));
  });
});
