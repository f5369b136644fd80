import { type DuckLakeBed, startDuckLakeBed } from './ducklake-bed';
import { describeWith } from '../../../bed/require';
import { projectWithRuntime, valuesOf } from '../../built-runtime';
import { freshRuntime } from '../../fresh-runtime';

/** LAKE_INSERTS=50, with twice as many writers, takes a minute or two. */
const [WRITERS, INSERTS] = process.env.LAKE_INSERTS === undefined ? [4, 10] : [8, Number(process.env.LAKE_INSERTS)];
const LIMIT_MS = 30_000 + 10_000 * INSERTS;

/** A writer's process: single inserts, and transactions over two tables. What may be tried again is tried again. */
const WRITER = `
import { cursor } from 'cdk-duckdb-lambda/runtime';
const { WRITER, INSERTS } = process.env;
const outcome = { again: 0, longest: 0, errors: [] };
const retrying = async (work) => {
  const started = performance.now();
  for (;;) {
    try {
      await cursor(work);
      break;
    } catch (error) {
      outcome.again += 1;
      if (!error.retryable) throw error;
      if (outcome.errors.length < 3) outcome.errors.push(error.message.slice(0, 300));
    }
  }
  outcome.longest = Math.max(outcome.longest, Math.round(performance.now() - started));
};
for (let n = 0; n < INSERTS; n++) {
  await retrying((c) => c.execute('INSERT INTO lake.t VALUES ($writer, $n, 0)', { writer: Number(WRITER), n }));
  if (n % 5 === 0) {
    await retrying((c) => c.transaction(async (t) => {
      await t.execute('INSERT INTO lake.debit SELECT $n FROM range(20)', { n });
      await t.execute('INSERT INTO lake.credit SELECT $n FROM range(20)', { n });
    }));
  }
}
console.log(JSON.stringify(outcome));
process.exit(0);`;

describeWith(['postgres', 'aws'], 'many writers of a lake', () => {
  let bed: DuckLakeBed;

  beforeAll(async () => {
    bed = await startDuckLakeBed();
    await projectWithRuntime();
  }, 120_000);
  afterAll(() => bed?.stop());

  test(`${WRITERS} processes of ${INSERTS} inserts, beside updates, deletes and compaction: all rows are there once, and readers see committed snapshots`, async () => {
    const runtime = freshRuntime(await bed.environment([bed.writer({ access: 'MAINTAIN' }), bed.reader({ catalog: 'seen' }, 'seen')]));
    const { cursor } = runtime;
    await cursor((c) => c.execute(`
      CREATE TABLE lake.t (writer INT, n INT, touched INT);
      CREATE TABLE lake.debit (i INT); CREATE TABLE lake.credit (i INT); CREATE TABLE lake.others (i INT)`));
    const env = await bed.environment([bed.writer({ createIfMissing: undefined })]);
    let isWriting = true;
    const writing = Promise.all(Array.from({ length: WRITERS }, (_, writer) => (
      valuesOf(WRITER, { env: { ...env, WRITER: String(writer), INSERTS: String(INSERTS) }, timeoutMs: LIMIT_MS })
    ))).finally(() => { isWriting = false; });

    const counts = { reads: 0, updates: 0, touched: 0, conflicts: 0, maintenance: 0 };
    /** Whether it was done; a conflict is no news. */
    const tried = async (sql: string) => {
      try {
        const { rowsChanged } = await cursor((c) => c.execute(sql));
        return rowsChanged;
      } catch (error) {
        if (!(error as { retryable?: boolean }).retryable) throw error;
        counts.conflicts += 1;
        return undefined;
      }
    };
    const reading = (async () => {
      let before = 0;
      while (isWriting) {
        const seen = await cursor((c) => c.queryOne<{ debit: number; credit: number; n: number; scanned: number; different: number; snapshot: number }>(`
          SELECT (SELECT count(*) FROM seen.debit) AS debit, (SELECT count(*) FROM seen.credit) AS credit,
            (SELECT count(*) FROM seen.t) AS n, (SELECT count(*) FROM seen.t WHERE n >= 0) AS scanned, (SELECT count(DISTINCT (writer, n)) FROM seen.t) AS different,
            (SELECT id FROM seen.current_snapshot()) AS snapshot`));
        expect([seen!.debit % 20, seen!.debit]).toEqual([0, seen!.credit]);
        // DuckLake answers count(*) from the catalog, without a scan.
        expect(seen).toMatchObject({ n: seen!.different, scanned: seen!.different });
        expect(seen!.n).toBeGreaterThanOrEqual(before);
        before = seen!.n;
        counts.reads += 1;
      }
    })();
    const changing = (async () => {
      while (isWriting) {
        const changed = await tried('UPDATE lake.t SET touched = touched + 1 WHERE writer = 0');
        if (changed !== undefined) {
          counts.updates += 1;
          counts.touched += changed;
        }
        await tried('INSERT INTO lake.others SELECT * FROM range(50)');
        await tried('DELETE FROM lake.others WHERE i % 2 = 0');
      }
    })();
    const maintaining = (async () => {
      while (isWriting) {
        for (const what of ['flush_inlined_data', 'merge_adjacent_files', 'rewrite_data_files']) {
          if (await tried(`CALL ducklake_${what}('lake')`) !== undefined) counts.maintenance += 1;
        }
      }
    })();

    const outcomes = (await writing).flat();
    await Promise.all([reading, changing, maintaining]);
    console.info(JSON.stringify({ ...counts, outcomes }));
    const rows = await cursor((c) => c.queryOne('SELECT count(*) AS n, count(DISTINCT (writer, n)) AS different, sum(touched) AS touched FROM seen.t'));
    expect(rows).toEqual({ n: WRITERS * INSERTS, different: WRITERS * INSERTS, touched: counts.touched });
    const transactions = WRITERS * Math.ceil(INSERTS / 5);
    expect(await cursor((c) => c.queryOne('SELECT count(*) AS n FROM seen.debit'))).toEqual({ n: 20 * transactions });
    expect(counts.updates * counts.maintenance * counts.reads).toBeGreaterThan(0);
  }, LIMIT_MS);
});
