import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { handlerOf, handlerProcess } from './handlers';
import { startLakeBed, type LakeBed } from './lake-bed';
import { S3EventsStack } from '../../examples/s3-events/stack';
import { describeWith } from '../bed/require';
import type { Runtime } from '../lib-runtime/fresh-runtime';

/** What DuckLake sends with its changes, before COMMIT. */
const CHANGES = 'INSERT INTO "lake".ducklake_snapshot ';

describeWith('postgres', 'the ingestion of files by events of S3, with the runtime in this process', () => {
  let bed: LakeBed;
  let runtime: Runtime;
  let ingest: (event: object) => Promise<{ readonly batchItemFailures: readonly object[] }>;
  let visits = 0;

  beforeAll(async () => {
    bed = await startLakeBed(({ app, ...props }) => new S3EventsStack(app, 'S3Events', props), ['lake', 'arrivals/visits']);
    await bed.makeRoles();
    runtime = await bed.runtimeOf('Ingestion');
    ingest = handlerOf('s3-events/ingest.ts', runtime);
  }, 60_000);
  afterAll(() => bed?.stop());

  /** Puts a file of ten visits, no two of which are the same. */
  function arrive(name: string): string {
    const lines = Array.from({ length: 10 }, () => `2025-02-01 12:00:00,/page-${visits++},${visits % 3 ? visits : ''}`);
    return put(name, lines);
  }

  function put(name: string, lines: readonly string[]): string {
    mkdirSync(join(bed.s3.dir, 'arrivals/visits'), { recursive: true });
    writeFileSync(join(bed.s3.dir, 'arrivals/visits', name), ['visited_at,page,customer_id', ...lines, ''].join('\n'));
    return `visits/${name}`;
  }

  /** What the queue hands to the function for new objects: a message for each. */
  const batch = (...keys: string[]) => ({
    Records: keys.map((key, index) => ({ messageId: `${index}`, body: JSON.stringify({ Records: [{ s3: { bucket: { name: 'arrivals' }, object: { key: encodeURIComponent(key).replaceAll('%20', '+') } } }] }) })),
  });

  const inLake = () => runtime.cursor((c) => c.queryOne('SELECT count(*) AS visits, count(DISTINCT page) AS pages FROM lake.visits'));
  const expected = () => ({ visits, pages: visits });

  test('the first messages, which are a test of S3, take in nothing, and make the tables at the same time', async () => {
    const first = { Records: [{ messageId: '0', body: '{"Event":"s3:TestEvent"}' }] };
    expect(await Promise.all([ingest(first), ingest(first)])).toEqual(Array(2).fill({ batchItemFailures: [] }));
    expect(await inLake()).toEqual({ visits: 0, pages: 0 });
  });

  test('rows count once, however often their file is announced: in one batch, later, and under any name', async () => {
    const [a, b] = [arrive('a.csv'), arrive('b c+d.csv')];
    expect(await ingest(batch(a, b, a))).toEqual({ batchItemFailures: [] });
    expect(await inLake()).toEqual(expected());
    expect(await ingest(batch(b, arrive('e.csv')))).toEqual({ batchItemFailures: [] });
    expect(await inLake()).toEqual(expected());
    const snapshots = () => runtime.cursor((c) => c.queryOne("SELECT count(*) AS snapshots FROM ducklake_snapshots('lake')"));
    const before = await snapshots();
    await ingest(batch(a, b));
    expect(await snapshots()).toEqual(before);
  });

  test('runs at the same time, with the same files and others, all succeed', async () => {
    const [a, b, c] = ['f', 'g', 'h'].map((name) => arrive(`${name}.csv`));
    const runs = [ingest(batch(a!, b!)), ingest(batch(b!, c!)), ingest(batch(c!, a!))];
    expect(await Promise.all(runs)).toEqual(Array(3).fill({ batchItemFailures: [] }));
    expect(await inLake()).toEqual(expected());
  }, 30_000);

  test('a broken file, one that is not there and one whose name is a pattern come back alone', async () => {
    const good = [arrive('i.csv'), arrive('j.csv')];
    const broken = put('broken.csv', ['2025-02-01 12:00:00,/x,1', 'yesterday,/y,2']);
    const keys = [good[0]!, broken, 'visits/missing.csv', 'visits/[ij].csv', good[1]!];
    const { batchItemFailures } = await ingest(batch(...keys));
    expect(batchItemFailures).toEqual([1, 2, 3].map((index) => ({ itemIdentifier: `${index}` })));
    expect(await inLake()).toEqual(expected());
    expect(await ingest(batch(...keys))).toEqual({ batchItemFailures });
    expect(await inLake()).toEqual(expected());
  }, 30_000);

  test.each(['before', 'instead of the answer'] as const)('the connection breaks at the commit, %s: rows count once', async (when) => {
    const key = arrive(`broken ${when}.csv`);
    bed.front.breakAt('COMMIT', when);
    await ingest(batch(key)).catch((error) => expect(error).toMatchObject({ retryable: true }));
    expect(await ingest(batch(key))).toEqual({ batchItemFailures: [] });
    expect(await inLake()).toEqual(expected());
  }, 30_000);

  test('a process that is killed before it commits, with its files written, loses nothing and doubles nothing', async () => {
    const event = batch(arrive('killed.csv'));
    const before = await inLake();
    const held = bed.front.holdAt(CHANGES);
    const child = await handlerProcess('s3-events/ingest.ts', event, await bed.environmentOf('Ingestion'));
    const ended = once(child, 'exit');
    await held;
    child.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(await inLake()).toEqual(before);
    expect(await ingest(event)).toEqual({ batchItemFailures: [] });
    expect(await inLake()).toEqual(expected());
  }, 30_000);
});
