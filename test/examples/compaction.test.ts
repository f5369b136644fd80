import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { statesOf, valueOf } from './state-machine';
import { synthesisedExample, templateFile } from './synthesised';
import { operationCounts, repositoryRoot, startFarS3, type FarS3Server } from '../bed';
import { projectWithRuntime } from '../lib-runtime/built-runtime';
import { freshRuntime } from '../lib-runtime/fresh-runtime';
import { frontOf, type Front } from '../lib-runtime/front';
import { resultsEnvironment } from '../lib-runtime/queries/query-bed';
import { signedExtensions } from '../lib-runtime/signed-extensions';

type Fields = { readonly [name: string]: any };

const QUERIES = join(repositoryRoot, 'examples/compaction/queries');
const DAYS = ['2025-02-01', '2025-02-02', '2025-02-03'];
/** The time of the night's run that compacts the first day. */
const FIRST_NIGHT = '2025-02-03T02:15:00Z';
const FILES = 8;

/** A thousand events a day. Some have no customer, and the same values as others. */
const EVENTS = `
  SELECT i AS event_id, TIMESTAMP '2025-02-01' + to_seconds(i * 86) AS occurred_at, ['click', 'order', 'view'][1 + (hash(i) % 3)::BIGINT] AS kind,
    nullif(hash(i, 1) % 5, 0)::BIGINT AS customer_id, (hash(i, 2) % 1000 / 100)::DECIMAL(10, 2) AS amount
  FROM range(${DAYS.length * 1000}) t(i)`;
const onDay = (day: string) => `occurred_at::DATE = '${day}'`;

describe('the compaction of small files, with the runtime in this process', () => {
  let s3: FarS3Server;
  let front: Front;
  let env: Record<string, string>;
  let states: Fields;
  let ask: (event: object) => Promise<any>;
  let connection: DuckDBConnection;

  beforeAll(async () => {
    [s3] = await Promise.all([startFarS3({ tls: false }), projectWithRuntime()]);
    front = await frontOf(s3.endpoint);
    states = statesOf(templateFile(await synthesisedExample('compaction'), 'Compaction'));
    env = resultsEnvironment(s3, await signedExtensions('httpfs'), {
      steps: [
        { name: 's3', type: 's3', config: { scopes: ['s3://my-data-lake/events/'] } },
        { name: 'results', type: 's3', config: { scopes: ['s3://results/out/'] } },
      ],
    });
    ask = freshRuntime(env).queryHandler({ queries: QUERIES }) as typeof ask;
    connection = await (await DuckDBInstance.create()).connect();
  }, 120_000);
  afterAll(async () => {
    connection?.closeSync();
    await front?.stop();
    await s3?.stop();
  });
  beforeEach(async () => {
    await connection.run(`CREATE OR REPLACE TABLE events AS ${EVENTS}`);
    for (const folder of ['my-data-lake', 'results/out']) rmSync(join(s3.dir, folder), { recursive: true, force: true });
    for (const day of DAYS) {
      for (let part = 0; part < FILES; part++) await deliver(day, `part-${part}`, `event_id % ${FILES} = ${part}`);
    }
  });

  /** Writes a file as Firehose does. */
  async function deliver(day: string, name: string, which: string): Promise<void> {
    const folder = join(s3.dir, 'my-data-lake/events', `day=${day}`);
    mkdirSync(folder, { recursive: true });
    await connection.run(`COPY (FROM events WHERE ${onDay(day)} AND ${which}) TO '${join(folder, `${name}.parquet`)}'`);
  }

  const days = async (time: string): Promise<Fields[]> => (await ask(valueOf(states.Days.Parameters, { time }))).rows;
  const compaction = (day: Fields) => valueOf(states['Each day'].ItemProcessor.States.Compact.Parameters, day);
  /** A run of the state machine. */
  const night = async (time: string) => Promise.all((await days(time)).map(async (day) => ask(compaction(day))));

  /** What the example's query answers. */
  const kinds = async () => (await ask({ query: 'kinds', manifests: 'days/' })).rows;
  /** What is right: every event once. */
  const expected = async () => (await connection.runAndReadAll('SELECT kind, count(*)::INTEGER AS events, sum(amount) AS amount FROM events GROUP BY kind ORDER BY kind')).getRowObjectsJson();

  const manifests = () => {
    const folder = join(s3.dir, 'results/out/days');
    return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')).sort() : [];
  };

  test('a day becomes one sorted file when its files have all come, and events count once before and after', async () => {
    expect(await kinds()).toEqual(await expected());
    expect(await days('2025-02-02T02:15:00Z')).toEqual([]);
    expect(await night(FIRST_NIGHT)).toMatchObject([{ rowCount: (await of(DAYS[0]!)).length }]);
    expect(await kinds()).toEqual(await expected());
    expect(await night('2025-02-05T02:15:00Z')).toHaveLength(2);
    expect(await kinds()).toEqual(await expected());
    expect(manifests()).toEqual(['20250201.json', '20250202.json', '20250203.json']);
    const [attempt] = readdirSync(join(s3.dir, 'results/out/days/20250201'));
    const file = join(s3.dir, 'results/out/days/20250201', attempt!, 'data.parquet');
    expect((await connection.runAndReadAll(`FROM '${file}'`)).getRowObjectsJson()).toEqual(await of(DAYS[0]!));
  });

  const of = async (day: string) => (await connection.runAndReadAll(`FROM events WHERE ${onDay(day)} ORDER BY kind, occurred_at, event_id`)).getRowObjectsJson();

  test('of compacted days only the one file is read', async () => {
    await s3.reset();
    await kinds();
    const { GetObject: many } = operationCounts(await s3.traffic());
    expect(many).toBeGreaterThanOrEqual(DAYS.length * FILES);
    await night('2025-02-05T02:15:00Z');
    ask = freshRuntime(env).queryHandler({ queries: QUERIES }) as typeof ask;
    await s3.reset();
    expect(await kinds()).toEqual(await expected());
    // A manifest and some ranges of a file, for each day.
    expect(operationCounts(await s3.traffic()).GetObject).toBeLessThanOrEqual(DAYS.length * 4);
  });

  test('small files may be deleted once their day is compacted', async () => {
    await night(FIRST_NIGHT);
    rmSync(join(s3.dir, 'my-data-lake/events', `day=${DAYS[0]}`), { recursive: true });
    expect(await kinds()).toEqual(await expected());
    expect(await night('2025-02-05T02:15:00Z')).toHaveLength(2);
    rmSync(join(s3.dir, 'my-data-lake/events'), { recursive: true });
    expect(await kinds()).toEqual(await expected());
    expect(await night('2025-02-05T02:15:00Z')).toEqual([]);
  });

  test('a night that was left out is made up for, and one that runs twice, also at the same time, changes nothing', async () => {
    await Promise.all([night('2025-02-05T02:15:00Z'), night('2025-02-05T02:15:00Z')]);
    expect(manifests()).toHaveLength(DAYS.length);
    expect(await night('2025-02-05T02:15:00Z')).toEqual([]);
    expect(await kinds()).toEqual(await expected());
  });

  test('a file that comes a day late is not lost', async () => {
    await connection.run(`INSERT INTO events SELECT 9000, TIMESTAMP '${DAYS[0]} 23:59:59', 'view', NULL, 1.25`);
    await deliver(DAYS[0]!, 'late', 'event_id = 9000');
    expect(await kinds()).toEqual(await expected());
    await night(FIRST_NIGHT);
    expect(await kinds()).toEqual(await expected());
  });

  test('a file may lack a column that others have', async () => {
    await connection.run(`COPY (SELECT * EXCLUDE (customer_id) FROM events WHERE ${onDay(DAYS[0]!)} AND event_id % ${FILES} = 0)
      TO '${join(s3.dir, 'my-data-lake/events', `day=${DAYS[0]}`, 'part-0.parquet')}'`);
    await night(FIRST_NIGHT);
    expect(await kinds()).toEqual(await expected());
  });

  test('a file with another type fails its day, before a result exists that is not like the others', async () => {
    await connection.run(`COPY (SELECT * REPLACE (amount::DOUBLE AS amount) FROM events WHERE event_id = 0) TO '${join(s3.dir, 'my-data-lake/events', `day=${DAYS[0]}`, 'other.parquet')}'`);
    await expect(night(FIRST_NIGHT)).rejects.toMatchObject({ code: 'QUERY', message: expect.stringContaining('amount') });
    expect(manifests()).toEqual([]);
  });

  test.each([
    ['before its data is written', 'data.parquet', undefined],
    ['before its manifest is written', '20250201.json', undefined],
    ['when its manifest is written, and it has not heard so', '20250201.json', true],
  ] as const)('a process that is killed %s loses nothing and doubles nothing', async (_, file, after) => {
    const killed = await killedAt((what) => what.startsWith('PUT ') && what.includes(file), after);
    expect(killed).toBe('SIGKILL');
    expect(manifests()).toEqual(after ? ['20250201.json'] : []);
    expect(await kinds()).toEqual(await expected());
    expect(await night(FIRST_NIGHT)).toHaveLength(after ? 0 : 1);
    expect(manifests()).toEqual(['20250201.json']);
    expect(await kinds()).toEqual(await expected());
  }, 30_000);

  /** Compacts the first day in a process of its own, and kills it at a request: before S3 gets it, or after. Returns the signal that ended it. */
  async function killedAt(isIt: (what: string) => boolean, after?: true): Promise<string | null> {
    const [day] = await days(FIRST_NIGHT);
    const script = `
      import { queryHandler } from 'cdk-duckdb-lambda/runtime';
      await queryHandler({ queries: ${JSON.stringify(QUERIES)} })(${JSON.stringify(compaction(day!))});`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: await projectWithRuntime(), env: { PATH: process.env.PATH!, ...env, AWS_ENDPOINT_URL_S3: front.endpoint }, stdio: 'inherit',
    });
    front.fault = (_, __, { method, url }) => {
      if (!isIt(`${method} ${url}`)) return undefined;
      setTimeout(() => child.kill('SIGKILL'), after ? 500 : 0);
      return { hang: true, ...after && { after } };
    };
    const [, signal] = await once(child, 'exit');
    front.fault = () => undefined;
    return signal;
  }
});
