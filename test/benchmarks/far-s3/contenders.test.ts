import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { DEFAULTS, FLOOR, OURS, SIXTEEN, startContender, type ContenderName, type FloorStatement } from '../../../benchmarks/far-s3/contenders';
import { floorPlan, layoutOf } from '../../../benchmarks/far-s3/floor-plan';
import { EXPORT, LAKE } from '../../../benchmarks/far-s3/queries';
import { operationCounts, startFarS3, type FarS3Server } from '../../bed';
import { describeWith } from '../../bed/require';
import { temporaryDirectory } from '../../temporary-directory';

describeWith('openssl', 'contenders of far-s3', () => {
  let s3: FarS3Server;

  beforeAll(async () => {
    s3 = await startFarS3();
    for (const bucket of [LAKE, EXPORT]) mkdirSync(join(s3.dir, bucket));
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    const connection = await instance.connect();
    await connection.run(`COPY (SELECT i, hash(i) AS h, i % 4 AS part FROM range(400000) t(i)) TO '${join(s3.dir, LAKE, 'parts')}' (FORMAT parquet, PARTITION_BY (part))`);
    connection.closeSync();
    instance.closeSync();
  });
  afterAll(() => s3?.stop());

  async function run(name: ContenderName, ...statements: (string | FloorStatement)[]) {
    const contender = await startContender(name, { s3, memoryMb: 1769, directory: temporaryDirectory() });
    try {
      await s3.reset();
      return await contender.run(statements);
    } finally {
      await contender.stop();
    }
  }

  const SUM = `SELECT sum(i)::BIGINT AS total FROM 's3://${LAKE}/parts/*/*.parquet'`;
  const COPY = `COPY (SELECT i, i % 3 AS part FROM range(30) t(i)) TO 's3://${EXPORT}/parts' (FORMAT parquet, PARTITION_BY (part), OVERWRITE_OR_IGNORE)`;

  test('all who have DuckDB give the same rows', async () => {
    const answers = [await run(OURS, SUM, COPY), await run(DEFAULTS, SUM, COPY), await run(SIXTEEN, SUM, COPY)];
    expect(new Set(answers.map((answer) => ('digest' in answer ? answer.digest : answer.failure))).size).toBe(1);
    expect(answers[0]).toMatchObject({ milliseconds: expect.any(Number), cpuMilliseconds: expect.any(Number) });
  });

  test('the floor reads and writes what DuckDB does', async () => {
    const layouts = await layoutOf(join(s3.dir, LAKE), LAKE);
    const plans: FloorStatement[] = [];
    for (const sql of [SUM, COPY]) {
      await run(DEFAULTS, sql);
      plans.push({ ...floorPlan((await s3.traffic()).requests, layouts), knowsFooters: false });
    }
    expect(await run(FLOOR, ...plans)).not.toHaveProperty('failure');
    const traffic = await s3.traffic();
    expect(operationCounts(traffic)).toEqual({ ListObjectsV2: 1, GetObject: 8, PutObject: 3 });
    // The list, then all footers, and the chunks of each after its own.
    expect(traffic.requests.slice(0, 5).map(({ operation }) => operation)).toEqual(['ListObjectsV2', 'GetObject', 'GetObject', 'GetObject', 'GetObject']);
    expect(traffic.requests.every(({ status }) => status < 300)).toBe(true);
    await run(FLOOR, { ...plans[0], knowsFooters: true });
    expect(operationCounts(await s3.traffic())).toEqual({ ListObjectsV2: 1, GetObject: 8 });
  });

  test('a statement that fails says why', async () => {
    expect(await run(DEFAULTS, 'SELECT nothing')).toEqual({ failure: expect.stringContaining('nothing') });
  });
});
