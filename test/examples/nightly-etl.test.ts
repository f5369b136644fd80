import { once } from 'node:events';
import { join } from 'node:path';
import { handlerOf, handlerProcess } from './handlers';
import { startLakeBed, type LakeBed } from './lake-bed';
import { NightlyEtlStack } from '../../examples/nightly-etl/stack';
import { writeOrders } from '../../examples/sales/orders';
import { describeWith } from '../bed/require';
import { freshRuntime, type Runtime } from '../lib-runtime/fresh-runtime';

/** What DuckLake sends with its changes, before COMMIT. */
const CHANGES = 'INSERT INTO "lake".ducklake_snapshot ';

describeWith('postgres', 'the nightly ETL, with the runtime in this process', () => {
  let bed: LakeBed;
  let environment: Record<string, string>;
  let runtime: Runtime;
  let etl: (event: object) => Promise<any>;

  beforeAll(async () => {
    bed = await startLakeBed(({ app, database, ...props }) => (
      new NightlyEtlStack(app, 'NightlyEtl', { ...props, lake: 'my-data-lake', replica: '127.0.0.1', catalog: database })), ['tables']);
    await writeOrders(join(bed.s3.dir, 'my-data-lake'));
    await bed.makeRoles();
    // The replica is the same server here. Some customers are not known to it.
    await bed.postgres.query(`
      CREATE TABLE users (id bigint PRIMARY KEY, country text);
      INSERT INTO users SELECT i, (ARRAY['DE', 'FR', 'PL'])[1 + i % 3] FROM generate_series(0, 90000) i;
      CREATE ROLE reader LOGIN PASSWORD 'value of /reader'; GRANT SELECT ON users TO reader`);
    const { DUCKDB_LAMBDA_CONFIG: config, ...others } = await bed.environmentOf('Etl');
    const here = ({ type, config: step, ...rest }: any) => ({
      ...rest, type, config: type === 'postgres' ? { ...step, port: bed.postgres.port, database: 'lakehouse', password: { ssm: '/reader' }, tls: 'disable' } : step,
    });
    const { steps, ...kept } = JSON.parse(config!);
    environment = { ...others, DUCKDB_LAMBDA_CONFIG: JSON.stringify({ ...kept, steps: steps.map(here) }) };
    runtime = freshRuntime(environment);
    etl = handlerOf('nightly-etl/etl.ts', runtime);
  }, 60_000);
  afterAll(() => bed?.stop());

  const night = (day: string) => ({ time: `${day}T01:15:00Z` });
  const table = (first = '2025-01-01') => runtime.cursor((c) => c.query('FROM lake.country_sales WHERE day >= $first::DATE ORDER BY ALL', { first }));

  /** What the table must have: the days from `first` up to, and without, `end`. */
  const sales = (first: string, end: string) => runtime.cursor((c) => c.query(`
    SELECT ordered_at::DATE AS day, coalesce(country, 'unknown') AS country, count(*) AS orders, sum(amount) AS revenue
    FROM '${bed.s3.dir}/my-data-lake/orders/*/*.parquet' LEFT JOIN pg_replica.users ON id = customer_id
    WHERE ordered_at >= $first::TIMESTAMP AND ordered_at < $end::TIMESTAMP GROUP BY ALL ORDER BY ALL`, { first, end }));

  test('fills three days, also over the end of a month, and the next night one more', async () => {
    const expected = await sales('2025-01-30', '2025-02-02');
    expect(new Set(expected.map(({ country }) => country))).toEqual(new Set(['DE', 'FR', 'PL', 'unknown']));
    expect(await etl(night('2025-02-02'))).toEqual({ rows: expected.length });
    expect(await table()).toEqual(expected);
    await etl(night('2025-02-03'));
    expect(await table()).toEqual(await sales('2025-01-30', '2025-02-03'));
  });

  test('changes nothing when it is repeated, for an earlier night too, and takes in what has come late', async () => {
    await etl(night('2025-02-03'));
    await etl(night('2025-02-02'));
    expect(await table()).toEqual(await sales('2025-01-30', '2025-02-03'));
    await bed.postgres.query("INSERT INTO users SELECT i, 'NO' FROM generate_series(90001, 95000) i");
    await etl(night('2025-02-03'));
    expect(await table('2025-01-31')).toEqual(await sales('2025-01-31', '2025-02-03'));
    expect((await table('2025-01-31')).some(({ country }) => country === 'NO')).toBe(true);
  });

  test('runs twice at the same time: one fails, can be retried, and every order counts once', async () => {
    const ended = await Promise.allSettled([etl(night('2025-03-10')), etl(night('2025-03-10'))]);
    for (const each of ended) if (each.status === 'rejected') expect(each.reason).toMatchObject({ retryable: true });
    expect(ended.map(({ status }) => status)).toContain('fulfilled');
    expect(await table('2025-03-01')).toEqual(await sales('2025-03-07', '2025-03-10'));
  });

  test.each(['before', 'instead of the answer'] as const)('the connection breaks at the commit, %s: the next attempt leaves the right days', async (when) => {
    bed.front.breakAt('COMMIT', when);
    await etl(night('2025-04-10')).catch(() => undefined);
    await etl(night('2025-04-10'));
    expect(await table('2025-04-01')).toEqual(await sales('2025-04-07', '2025-04-10'));
  });

  test('a process that is killed before it commits leaves the table as it was', async () => {
    await etl(night('2025-05-10'));
    const before = await table();
    const held = bed.front.holdAt(CHANGES);
    const child = await handlerProcess('nightly-etl/etl.ts', night('2025-05-11'), environment);
    const ended = once(child, 'exit');
    await held;
    child.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(await table()).toEqual(before);
    await etl(night('2025-05-11'));
    expect(await table('2025-05-01')).toEqual(await sales('2025-05-07', '2025-05-11'));
  }, 30_000);
});
