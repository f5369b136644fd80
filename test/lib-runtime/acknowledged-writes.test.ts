import { setImmediate } from 'node:timers/promises';
import * as fc from 'fast-check';
import { freshRuntime, type Runtime } from './fresh-runtime';
import type { Cursor } from '../../lib-runtime';

// Random programs on a few cursors of one instance, whose calls overlap. The oracle knows of each write whether it was acknowledged.
// FUZZ_RUNS makes more of them, FUZZ_SEED others.

/** A fault that a program makes by itself. */
const BOOM = new Error('boom');
const CURSORS = 3;
const ENDS = ['commit', 'throw', 'forget', 'stream', 'break'] as const;

type Operation =
  | { readonly kind: 'insert' | 'increment' | 'close'; readonly cursor: number }
  | { readonly kind: 'abort'; readonly cursor: number; readonly ticks: number }
  | { readonly kind: 'transaction'; readonly cursor: number; readonly inserts: number; readonly ticks: number; readonly end: typeof ENDS[number] }
  | { readonly kind: 'sql'; readonly commit: boolean }
  | { readonly kind: 'stream'; readonly cursor: number; readonly batches: number }
  | { readonly kind: 'settle' };

const cursorNumber = fc.nat(CURSORS - 1);
const ticks = fc.nat(4);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('insert' as const, 'increment' as const), cursor: cursorNumber }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), cursor: cursorNumber }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('abort' as const), cursor: cursorNumber, ticks }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('transaction' as const), cursor: cursorNumber, inserts: fc.integer({ min: 1, max: 3 }), ticks, end: fc.constantFrom(...ENDS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sql' as const), commit: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('stream' as const), cursor: cursorNumber, batches: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'settle' as const }) },
);

/** Writes that are there together, or not at all, and whether they must be. */
interface Group {
  readonly ids: readonly number[];
  outcome: 'pending' | 'acknowledged' | 'refused' | 'unknown';
}

/** Runs one program, and knows what must be there afterwards. */
class Program {
  readonly groups: Group[] = [];
  readonly increments: Group[] = [];
  readonly surprises: unknown[] = [];
  private readonly cursors: Array<Promise<Cursor>>;
  private readonly running: Array<Promise<void>> = [];
  private nextId = 0;

  constructor(private readonly database: InstanceType<Runtime['DuckDB']>) {
    this.cursors = Array.from({ length: CURSORS }, () => database.cursor());
  }

  async run(operations: readonly Operation[]): Promise<void> {
    for (const each of operations) {
      if (each.kind === 'settle') await Promise.all(this.running);
      else this.running.push(this.start(each));
    }
    await Promise.all(this.running);
    await Promise.all(this.cursors.map(async (opening) => (await opening).close()));
  }

  private async start(given: Exclude<Operation, { kind: 'settle' }>): Promise<void> {
    switch (given.kind) {
      case 'insert': return this.note(this.group(1), async (ids) => insert(await this.cursors[given.cursor]!, ids[0]!));
      case 'increment': return this.note(this.group(1, this.increments), async () => (await this.cursors[given.cursor]!).execute('UPDATE counter SET n = n + 1'));
      case 'abort': return this.abort(given.cursor, given.ticks);
      case 'close': return this.close(given.cursor);
      case 'transaction': return this.transaction(given);
      case 'sql': return this.sql(given.commit);
      case 'stream': return this.stream(given);
    }
  }

  private async transaction({ cursor, inserts, ticks: pause, end }: Extract<Operation, { kind: 'transaction' }>): Promise<void> {
    await this.note(this.group(inserts), async (ids) => (await this.cursors[cursor]!).transaction(async (t) => {
      for (const id of ids.slice(1)) {
        await insert(t, id);
        for (let i = 0; i < pause; i++) await setImmediate();
      }
      const last = insert(t, ids[0]!);
      if (end === 'forget') {
        // One that is ended under it is told so; this program knows.
        last.catch(() => undefined);
        return;
      }
      await last;
      if (end === 'throw') throw BOOM;
      if (end === 'stream') await t.stream('FROM range(5000)')[Symbol.asyncIterator]().next();
      if (end === 'break') await t.query("SELECT error('broken') FROM t").catch(() => undefined);
    }));
  }

  /** The same by SQL, on a cursor of its own. */
  private async sql(commit: boolean): Promise<void> {
    await this.note(this.group(2), (ids) => this.database.cursor(async (c) => {
      await c.execute('BEGIN');
      for (const id of ids) await insert(c, id);
      await c.execute(commit ? 'COMMIT' : 'ROLLBACK');
      if (!commit) throw BOOM;
    }));
  }

  private async abort(cursor: number, pause: number): Promise<void> {
    const controller = new AbortController();
    const writing = this.note(this.group(1), async ([id]) => (await this.cursors[cursor]!).execute('INSERT INTO t VALUES ($id)', { id }, { signal: controller.signal }));
    for (let i = 0; i < pause; i++) await setImmediate();
    controller.abort();
    await writing;
    this.cursors[cursor] = this.database.cursor();
  }

  private async close(cursor: number): Promise<void> {
    const closing = this.cursors[cursor]!;
    this.cursors[cursor] = this.database.cursor();
    await (await closing).close();
  }

  private async stream({ cursor, batches }: Extract<Operation, { kind: 'stream' }>): Promise<void> {
    try {
      let left = batches;
      for await (const _ of (await this.cursors[cursor]!).stream('FROM range(10000)')) if (left-- === 0) break;
    } catch (error) {
      this.refusal(error);
    }
  }

  private group(size: number, groups = this.groups): Group {
    const group: Group = { ids: Array.from({ length: size }, () => this.nextId++), outcome: 'pending' };
    groups.push(group);
    return group;
  }

  private async note(group: Group, write: (ids: readonly number[]) => Promise<unknown>): Promise<void> {
    try {
      await write(group.ids);
      group.outcome = 'acknowledged';
    } catch (error) {
      group.outcome = this.refusal(error);
    }
  }

  /** What an error says of the write that it ends. */
  private refusal(error: unknown): 'refused' | 'unknown' {
    if (error === BOOM) return 'refused';
    const { code } = error as { code?: string };
    if (code === 'QUERY' || code === 'BUSY') return 'refused';
    // DuckDB may have been done with it.
    if (code === 'ABORTED' || code === 'CLOSED') return 'unknown';
    this.surprises.push(error);
    return 'unknown';
  }
}

function insert(on: Cursor, id: number): Promise<unknown> {
  return on.execute('INSERT INTO t VALUES ($id)', { id });
}

const RUNS = Number(process.env.FUZZ_RUNS ?? 60);
const SEED = Number(process.env.FUZZ_SEED ?? 20261125);

test('every acknowledged write is there afterwards, every refused one is not, and a transaction is there whole or not at all', async () => {
  const { DuckDB } = freshRuntime();
  await fc.assert(fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 40 }), async (operations) => {
    await using database = new DuckDB({ memory: 64 });
    await database.cursor((c) => c.execute('CREATE TABLE t (i INT); CREATE TABLE counter AS SELECT 0 AS n'));
    const program = new Program(database);
    await program.run(operations);
    const [rows, counter] = await database.cursor(async (c) => [
      await c.query<{ i: number }>('FROM t ORDER BY i'), (await c.queryOne<{ n: number }>('FROM counter'))!.n,
    ] as const);
    const present = rows.map(({ i }) => i);
    const isThere = ({ ids }: Group) => ids.filter((id) => present.includes(id)).length / ids.length;
    const counted = (outcome: Group['outcome']) => program.increments.filter((group) => group.outcome === outcome).length;

    expect(program.surprises).toEqual([]);
    expect(new Set(present).size).toBe(present.length);
    for (const group of program.groups) {
      const allowed = { acknowledged: [1], refused: [0], unknown: [0, 1], pending: [] }[group.outcome];
      expect([group, allowed]).toEqual([group, expect.arrayContaining([isThere(group)])]);
    }
    expect(counter).toBeGreaterThanOrEqual(counted('acknowledged'));
    expect(counter).toBeLessThanOrEqual(counted('acknowledged') + counted('unknown'));
  }), { numRuns: RUNS, seed: SEED, timeout: 20_000 });
}, 600_000);
