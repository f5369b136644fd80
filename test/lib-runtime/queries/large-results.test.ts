import { spawn } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { objectPath, objectText, queryFolder, resultKeys, resultsEnvironment } from './query-bed';
import { operationCounts, pythonPackages, run, startFarS3, type FarS3Server } from '../../bed';
import { describeWith } from '../../bed/require';
import { projectWithRuntime, valuesOf } from '../built-runtime';
import { PEAK_BYTES } from '../peak-memory';
import { signedExtensions } from '../signed-extensions';

const MIB = 1024 * 1024;
/** 5 million rows, which take some 600 MB in memory. */
const MANY = "SELECT range AS i, hash(range)::VARCHAR AS h, repeat('x', 80) AS t FROM range(5000000)";
/** Rows of 50 KB, of which a few are too many for an answer. */
const WIDE = 'SELECT repeat(hash(range)::VARCHAR, 2500) AS t FROM range(100000)';
const FIFTY_MB = "SELECT range AS i, hash(range)::VARCHAR AS h, repeat('é', 30) AS t FROM range(600000) ORDER BY h";

describeWith('python', 'a large result', () => {
  let s3: FarS3Server;
  let env: Record<string, string>;
  let python: string;
  let queries: string;

  beforeAll(async () => {
    let baked: string;
    let environment: string;
    [s3, baked, environment] = await Promise.all([startFarS3({ tls: false }), signedExtensions('httpfs'), pythonPackages('duckdb', ['duckdb==1.5.5'])]);
    python = join(environment, 'bin/python');
    env = resultsEnvironment(s3, baked);
    queries = queryFolder({ many: MANY, fifty: FIFTY_MB, one: 'SELECT 1 AS one', wide: WIDE });
    await projectWithRuntime();
  }, 300_000);
  afterAll(() => s3?.stop());
  beforeEach(() => rmSync(join(s3.dir, 'results/out'), { recursive: true, force: true }));

  /** What DuckDB for Python says of the rows of a SELECT. */
  async function facts(select: string): Promise<unknown> {
    const sql = `SELECT count(*), sum(i)::VARCHAR, bit_xor(hash(i, h, t))::VARCHAR FROM (${select})`;
    const { stdout } = await run(python, ['-c', 'import duckdb, json, sys; print(json.dumps(duckdb.sql(sys.argv[1]).fetchall()))', sql], { timeoutMs: 60_000 });
    return JSON.parse(stdout);
  }

  /** What a process answers to events, and by how many bytes its memory has grown at most since its first answer. */
  const answersOf = (events: readonly object[], environment = env) => valuesOf(`
    import { queryHandler } from 'cdk-duckdb-lambda/runtime';
    ${PEAK_BYTES}
    const handler = queryHandler({ queries: ${JSON.stringify(queries)} });
    await handler({ query: 'one' });
    const before = process.memoryUsage.rss();
    for (const event of ${JSON.stringify(events)}) {
      const started = performance.now();
      const answer = await handler(event).catch(({ name, message }) => ({ name, message }));
      console.log(JSON.stringify({ answer, ms: performance.now() - started, peak: peakBytes(), grown: peakBytes() - before }));
    }
  `, { env: environment });

  test('that is asked for as rows is given up at once, in little memory', async () => {
    const { DUCKDB_LAMBDA_CONFIG: _, ...nowhere } = env;
    const [first] = await answersOf([{ query: 'many' }, { query: 'many', maxInlineBytes: 6 * MIB }], nowhere);
    expect(first.answer).toMatchObject({ name: 'ResultLimitError', message: expect.stringMatching(/^the answer of "many" is larger than maxInlineBytes 204800: declare "results"/) });
    // A busy machine computes more of it before the interrupt arrives.
    expect(first.grown).toBeLessThan(500 * MIB);
  }, 120_000);

  test('of wide rows is given up before the memory of a small function is full', async () => {
    const { DUCKDB_LAMBDA_CONFIG: _, ...nowhere } = env;
    const lines = await answersOf([{ query: 'wide' }], { ...nowhere, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512' });
    // The runtime logs that it closes an instance because of its memory.
    const { answer, peak } = lines.find((line) => 'answer' in line);
    expect(answer).toMatchObject({ name: 'ResultLimitError', message: expect.stringContaining('is larger than maxInlineBytes 204800') });
    expect(peak).toBeLessThan(512 * MIB);
  }, 60_000);

  test('of 5 million rows becomes a file, in memory that does not grow with it, and holds what DuckDB for Python finds', async () => {
    const [{ answer, grown }] = await answersOf([{ query: 'many' }]);
    expect(answer).toMatchObject({ rowCount: 5_000_000, format: 'parquet' });
    expect(grown).toBeLessThan(450 * MIB);
    expect(await facts(`FROM read_parquet('${objectPath(s3, answer.files[0])}')`)).toEqual(await facts(MANY));
  }, 180_000);

  test.each([['parquet', 'read_parquet'], ['csv', 'read_csv'], ['json', 'read_json'], ['ndjson', 'read_json']])('of 50 MB as %s holds what DuckDB for Python finds', async (format, reader) => {
    const [{ answer }] = await answersOf([{ query: 'fifty', output: { format, key: `fifty/${format}.json` } }]);
    const path = objectPath(s3, answer.files[0]);
    expect(answer).toMatchObject({ rowCount: 600_000, bytes: statSync(path).size });
    if (format !== 'parquet') expect(answer.bytes).toBeGreaterThan(50_000_000);
    const columns = format === 'parquet' ? '' : ", columns = {i: 'BIGINT', h: 'VARCHAR', t: 'VARCHAR'}";
    expect(await facts(`FROM ${reader}('${path}'${columns})`)).toEqual(await facts(FIFTY_MB));
  }, 180_000);

  test('whose process is killed while it is uploaded is absent, and another attempt succeeds under the same key', async () => {
    const event = { query: 'many', output: { format: 'csv', key: 'killed/manifest.json' } };
    await s3.reset();
    await s3.setDelay(200);
    const script = `
      import { queryHandler } from 'cdk-duckdb-lambda/runtime';
      await queryHandler({ queries: ${JSON.stringify(queries)} })(${JSON.stringify(event)});
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: await projectWithRuntime(), env: { PATH: process.env.PATH!, ...env }, stdio: 'ignore' });
    const ended = new Promise<string | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)));
    while ((operationCounts(await s3.traffic()).UploadPart ?? 0) < 2) await sleep(20);
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    await s3.setDelay(0);
    await sleep(500);
    expect(resultKeys(s3)).toEqual([]);

    const [{ answer }] = await answersOf([event]);
    expect(answer).toMatchObject({ manifest: 's3://results/out/killed/manifest.json', rowCount: 5_000_000 });
    const { files, rowCount } = JSON.parse(objectText(s3, answer.manifest));
    expect({ files, rowCount }).toEqual({ files: [{ url: answer.files[0], rows: 5_000_000, bytes: answer.bytes }], rowCount: 5_000_000 });
  }, 120_000);
});
