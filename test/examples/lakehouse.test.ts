import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { handlerOf } from './handlers';
import { startLakeBed, type LakeBed } from './lake-bed';
import { LakehouseStack } from '../../examples/lakehouse/stack';
import { writeOrders } from '../../examples/sales/orders';
import { DuckLakeStep } from '../../src';
import { repositoryRoot } from '../bed';
import { describeWith } from '../bed/require';
import type { Runtime } from '../lib-runtime/fresh-runtime';

const EXAMPLE = join(repositoryRoot, 'examples/lakehouse');

describeWith('postgres', 'the functions of the lakehouse, with the runtime in this process', () => {
  let bed: LakeBed;
  let months: string[];

  beforeAll(async () => {
    bed = await startLakeBed(({ app, ...props }) => new LakehouseStack(app, 'Lakehouse', { ...props, arrivals: 'arrivals' }), ['lake', 'arrivals']);
    await writeOrders(join(bed.s3.dir, 'my-data-lake'));
    months = readdirSync(join(bed.s3.dir, 'my-data-lake/orders'));
  }, 60_000);
  afterAll(() => bed?.stop());

  const queries = (runtime: Runtime, folder: string) => runtime.queryHandler({ queries: folder }) as (event: object) => Promise<any>;
  const arrive = (...arriving: string[]) => arriving.forEach((month) => (
    cpSync(join(bed.s3.dir, 'my-data-lake/orders', month), join(bed.s3.dir, 'arrivals/orders', month), { recursive: true })));

  /** What plain DuckDB finds in files. */
  async function salesOf(runtime: Runtime, files: string): Promise<unknown> {
    return runtime.cursor((c) => c.query(
      `SELECT category, count(*) AS orders, sum(amount) AS revenue FROM read_parquet('${join(bed.s3.dir, files)}') GROUP BY category ORDER BY category`));
  }

  test('the roles are made, and may be made again', async () => {
    await bed.makeRoles();
    await bed.makeRoles();
  });

  test('files are taken in once, also by two runs at the same time', async () => {
    const runtime = await bed.runtimeOf('Ingestion');
    const ingest = handlerOf('lakehouse/ingest.ts', runtime);
    expect(await ingest({})).toEqual({ files: 0, orders: 0 });
    arrive(...months.slice(0, 2));
    const [first, second] = [ingest({}), ingest({})];
    const ended = await Promise.allSettled([first, second]);
    const taken = ended.flatMap((each) => (each.status === 'fulfilled' ? [each.value.files] : []));
    // One of them fails, or began when the other had ended.
    expect(taken.filter((files) => files > 0)).toEqual([2]);
    const failed = ended.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    failed.forEach((error) => expect(error).toMatchObject({ retryable: true }));
    expect(await ingest({})).toEqual({ files: 0, orders: 0 });
    arrive(months[2]!);
    expect(await ingest({})).toEqual({ files: 1, orders: expect.any(Number) });
    const lake = await runtime.cursor((c) => c.queryOne('SELECT count(*) AS orders, count(DISTINCT order_id) AS ids FROM lake.orders'));
    expect(lake!.orders).toBe(lake!.ids);
    expect(await runtime.cursor((c) => c.query('SELECT category, count(*) AS orders, sum(amount) AS revenue FROM lake.orders GROUP BY category ORDER BY category')))
      .toEqual(await salesOf(runtime, 'arrivals/orders/*/*.parquet'));
  }, 60_000);

  test('a run that finds nothing makes no snapshot', async () => {
    const runtime = await bed.runtimeOf('Ingestion');
    const ingest = handlerOf('lakehouse/ingest.ts', runtime);
    const snapshots = async () => runtime.cursor((c) => c.queryOne("SELECT count(*) AS snapshots FROM ducklake_snapshots('lake')"));
    const before = await snapshots();
    expect(await ingest({})).toEqual({ files: 0, orders: 0 });
    expect(await snapshots()).toEqual(before);
  });

  test('questions are answered, also about an earlier time, by a role that can do no more', async () => {
    const runtime = await bed.runtimeOf('Orders');
    const ask = queries(runtime, join(EXAMPLE, 'queries'));
    expect((await ask({ query: 'sales' })).rows).toEqual(await salesOf(runtime, 'arrivals/orders/*/*.parquet'));
    expect((await ask({ query: 'arrivals' })).rows).toHaveLength(3);
    const { then } = (await runtime.cursor((c) => c.queryOne<{ then: Date }>(
      "SELECT max(snapshot_time) AS then FROM ducklake_snapshots('lake') WHERE snapshot_id < (SELECT max(snapshot_id) FROM ducklake_snapshots('lake'))")))!;
    const { rows } = await ask({ query: 'sales-then', params: { then: then.toISOString().replace('Z', '999Z') } });
    expect(rows).toEqual(await salesOf(runtime, 'arrivals/orders/month=2025-0[12]/*.parquet'));
    await expect(runtime.cursor((c) => c.execute("CALL postgres_execute('__ducklake_metadata_lake', 'COMMIT; DELETE FROM lake.ducklake_snapshot')"))).rejects.toThrow('permission denied');
    await expect(runtime.cursor((c) => c.execute('DELETE FROM lake.orders'))).rejects.toThrow();
  });

  test('the lake is maintained by the queries that come with the library', async () => {
    const merging = queries(await bed.runtimeOf('Merging'), DuckLakeStep.maintenanceQueries);
    const { rows } = await merging({ query: 'merge' });
    expect(rows).toContainEqual({ schema_name: 'main', table_name: 'orders', rows_flushed: 0, files_rewritten: 0, files_merged: 2, files_created: 1 });
    await bed.postgres.query("UPDATE lake.ducklake_snapshot SET snapshot_time = snapshot_time - INTERVAL '31 days' WHERE snapshot_id < (SELECT max(snapshot_id) FROM lake.ducklake_snapshot)");
    const runtime = await bed.runtimeOf('Cleaning');
    const cleaning = queries(runtime, DuckLakeStep.maintenanceQueries);
    expect((await cleaning({ query: 'expire', params: { age: '30 days' } })).rows[0].snapshots_expired).toBeGreaterThan(3);
    await bed.postgres.query("UPDATE lake.ducklake_files_scheduled_for_deletion SET schedule_start = schedule_start - INTERVAL '3 days'");
    const { rows: [cleaned] } = await cleaning({ query: 'clean-up' });
    expect(cleaned).toEqual({ old_files_deleted: expect.any(Number), orphaned_files_deleted: 0 });
    expect(cleaned.old_files_deleted).toBeGreaterThanOrEqual(2);
    expect(existsSync(join(bed.s3.dir, 'lake/lake/main/orders'))).toBe(true);
    expect(await runtime.cursor((c) => c.query('SELECT category, count(*) AS orders, sum(amount) AS revenue FROM lake.orders GROUP BY category ORDER BY category')))
      .toEqual(await salesOf(runtime, 'arrivals/orders/*/*.parquet'));
    for (const query of ['expire', 'clean-up']) {
      await expect(cleaning({ query, params: { age: '14 minutes' } })).rejects.toThrow('the age is below 15 minutes');
      await expect(cleaning({ query, params: { age: null } })).rejects.toThrow('the age is below 15 minutes');
    }
    expect(readFileSync(join(EXAMPLE, 'stack.ts'), 'utf8')).not.toContain('cleanup_all');
  }, 60_000);
});
