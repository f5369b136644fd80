import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Cursor } from '../../../lib-runtime';
import { freshRuntime, type Runtime } from '../fresh-runtime';
import { rejection } from '../rejection';

/** Runs for minutes on one thread, is interrupted within milliseconds, and spills nothing. */
const SLOW = 'SELECT count(*) AS n FROM range(100000) a, range(100000) b WHERE hash(a.range, b.range) = 0';
const BOOM = new Error('boom');

let runtime: Runtime;
let cursor: Runtime['cursor'];
beforeEach(async () => {
  runtime = freshRuntime();
  ({ cursor } = runtime);
  await cursor((c) => c.execute('CREATE TABLE t (i INT)'));
});

const insert = (on: Cursor, i: number) => on.execute('INSERT INTO t VALUES ($i)', { i });
const present = async (): Promise<number[]> => (await cursor((c) => c.query<{ i: number }>('FROM t ORDER BY i'))).map(({ i }) => i);

/** A door that somebody else opens. */
function gate() {
  let open!: () => void;
  const passed = new Promise<void>((resolve) => open = resolve);
  return { open, passed };
}

describe('a transaction has a handle of its own', () => {
  test('a write on the cursor that was acknowledged while a transaction fails is kept', async () => {
    await cursor(async (c) => {
      const [failed, written] = await Promise.allSettled([
        c.transaction(async (t) => {
          await insert(t, 1);
          await setImmediate();
          throw BOOM;
        }),
        insert(c, 2),
      ]);
      expect([failed, written]).toEqual([{ status: 'rejected', reason: BOOM }, { status: 'fulfilled', value: { rowsChanged: 1 } }]);
    });
    expect(await present()).toEqual([2]);
  });

  test('a call on the cursor from elsewhere waits for the end of the transaction; so does another transaction', async () => {
    await cursor(async (c) => {
      const { open, passed } = gate();
      const first = c.transaction(async (t) => {
        await insert(t, 1);
        await passed;
      });
      const seen = c.query('FROM t');
      const second = c.transaction((t) => insert(t, 2));
      const streamed = (async () => {
        for await (const rows of c.stream('FROM t ORDER BY i')) return rows;
        return [];
      })();
      open();
      await first;
      expect(await seen).toEqual([{ i: 1 }]);
      await second;
      expect(await streamed).toEqual([{ i: 1 }, { i: 2 }]);
    });
  });

  test('who waits for a transaction and gives up leaves the cursor, and the transaction, as they are', async () => {
    await cursor(async (c) => {
      const { open, passed } = gate();
      const first = c.transaction(async (t) => {
        await passed;
        await insert(t, 1);
      });
      const impatient = { signal: AbortSignal.timeout(1) };
      expect(await rejection(c.query('FROM t', [], impatient))).toMatchObject({ code: 'TIMEOUT' });
      expect(await rejection(c.transaction(async () => 1, impatient))).toMatchObject({ code: 'TIMEOUT' });
      open();
      await first;
      expect(await c.query('FROM t')).toEqual([{ i: 1 }]);
    });
  });

  test.each<[string, (c: Cursor) => Promise<unknown>]>([
    ['query', (c) => c.query('FROM t')],
    ['execute', (c) => insert(c, 3)],
    ['stream', async (c) => { for await (const _ of c.stream('FROM t')) return; }],
    ['transaction', (c) => c.transaction(async () => 1)],
    ['withConnection', (c) => c.withConnection(async () => 1)],
  ])('%s on the outer cursor, from inside the callback, is BUSY and names the handle', async (_, call) => {
    await cursor(async (c) => {
      await c.transaction(async (t) => {
        await insert(t, 1);
        const error = await rejection(cursor((other) => other.transaction(() => call(c))));
        expect(error).toMatchObject({ code: 'BUSY', message: expect.stringContaining('make it on the cursor that the callback got') });
        await insert(t, 2);
      });
    });
    expect(await present()).toEqual([1, 2]);
  });

  test('what a callback began is free to use the outer cursor once the transaction has ended', async () => {
    await cursor(async (c) => {
      const { open, passed } = gate();
      let later!: Promise<unknown>;
      await c.transaction(async () => { later = passed.then(() => insert(c, 1)); });
      open();
      await later;
    });
    expect(await present()).toEqual([1]);
  });

  test('the handle is of no use after the end', async () => {
    const kept = await cursor((c) => c.transaction(async (t) => t));
    expect(await rejection(insert(kept, 1))).toMatchObject({ code: 'CLOSED' });
    await cursor(async (c) => {
      const handle = await c.transaction(async (t) => t);
      expect(await rejection(insert(handle, 1))).toMatchObject({ code: 'CLOSED', message: expect.stringContaining('this transaction has ended') });
      expect(await rejection(handle.withConnection(async () => 1))).toMatchObject({ code: 'CLOSED' });
    });
    expect(await present()).toEqual([]);
  });

  test('it cannot be closed, nor ended by SQL', async () => {
    await cursor(async (c) => {
      await c.transaction(async (t) => {
        await insert(t, 1);
        expect(await rejection(t.close())).toMatchObject({ code: 'BUSY' });
        for (const sql of ['COMMIT', '/* so */ rollback', 'INSERT INTO t VALUES (9); COMMIT; INSERT INTO t VALUES (10)', 'BEGIN', 'END']) {
          expect(await rejection(t.execute(sql))).toMatchObject({ code: 'BUSY', message: expect.stringContaining('ends when its callback returns') });
        }
        expect(await t.queryOne("SELECT CASE WHEN true THEN 'COMMIT' END AS word")).toEqual({ word: 'COMMIT' });
      });
    });
    expect(await present()).toEqual([1]);
  });

  test('a call that its callback does not wait for is in it all the same', async () => {
    await cursor((c) => c.transaction(async (t) => void insert(t, 1)));
    expect(await present()).toEqual([1]);
  });

  test('a call that is under way when the callback throws fails, and is not in it', async () => {
    await cursor(async (c) => {
      const unfinished: Promise<unknown>[] = [];
      expect(await rejection(c.transaction(async (t) => {
        await insert(t, 1);
        unfinished.push(rejection(t.query(SLOW)), rejection(insert(t, 2)));
        await sleep(20);
        throw BOOM;
      }))).toBe(BOOM);
      expect(await Promise.all(unfinished)).toMatchObject([{ code: 'CLOSED' }, { code: 'CLOSED', message: expect.stringContaining('is rolled back') }]);
      await insert(c, 3);
    });
    expect(await present()).toEqual([3]);
  });
});

describe('a transaction that SQL has begun', () => {
  test.each([
    'BEGIN', 'begin transaction', '-- first\nBEGIN;', '/* a /* nested */ */ START TRANSACTION', "SELECT 'x;y'; BEGIN; SELECT 1",
  ])('%s: transaction() is BUSY, and what it has done stays', async (begin) => {
    await cursor(async (c) => {
      await c.execute(begin);
      await insert(c, 1);
      expect(await rejection(c.transaction(async () => 1))).toMatchObject({ code: 'BUSY', message: expect.stringContaining('SQL has begun') });
      await c.execute('COMMIT');
      await c.transaction((t) => insert(t, 2));
    });
    expect(await present()).toEqual([1, 2]);
  });

  test('by the client\'s own connection', async () => {
    await cursor(async (c) => {
      await c.withConnection((connection) => connection.run('BEGIN; INSERT INTO t VALUES (1)'));
      expect(await rejection(c.transaction(async () => 1))).toMatchObject({ code: 'BUSY' });
      await c.withConnection((connection) => connection.run('COMMIT'));
      await c.transaction((t) => insert(t, 2));
    });
    expect(await present()).toEqual([1, 2]);
  });

  test('by a script that fails before its COMMIT', async () => {
    await cursor(async (c) => {
      await rejection(c.execute("BEGIN; INSERT INTO t VALUES (1); SELECT error('x') FROM t; COMMIT"));
      expect(await rejection(c.transaction(async () => 1))).toMatchObject({ code: 'BUSY' });
      await c.execute('ROLLBACK');
      await c.transaction((t) => insert(t, 2));
    });
    expect(await present()).toEqual([2]);
  });
});

describe('a stream that the callback leaves open', () => {
  const leftOpen = async (t: Cursor, sql: string) => {
    const stream = t.stream(sql)[Symbol.asyncIterator]();
    await stream.next();
    return stream;
  };

  test('is ended before COMMIT, and says so to who reads on', async () => {
    await cursor(async (c) => {
      const stream = await c.transaction(async (t) => {
        await insert(t, 1);
        return [await leftOpen(t, 'FROM range(100000)')];
      });
      expect(await rejection(stream[0]!.next())).toMatchObject({ code: 'CLOSED', message: expect.stringContaining('this transaction has ended') });
      expect(await c.query('FROM t')).toEqual([{ i: 1 }]);
    });
    expect(await present()).toEqual([1]);
  });

  test('is ended before ROLLBACK, however much is left of it', async () => {
    await cursor(async (c) => {
      expect(await rejection(c.transaction(async (t) => {
        await insert(t, 1);
        await leftOpen(t, 'FROM range(1000000000000)');
        throw BOOM;
      }))).toBe(BOOM);
      await insert(c, 2);
    });
    expect(await present()).toEqual([2]);
  });
});

describe('a statement that fails, and whose error is caught, rolls the transaction back', () => {
  test.each([
    'SELEC 1', 'FROM missing', 'SELECT missing FROM t', "SELECT 'x'::INT FROM t", "SELECT error('x') FROM t", 'INSERT INTO t VALUES (2); FROM missing',
  ])('%s', async (sql) => {
    await cursor(async (c) => {
      const error = await rejection(c.transaction(async (t) => {
        await insert(t, 1);
        await rejection(t.execute(sql));
      }));
      expect(error).toMatchObject({ code: 'QUERY', message: expect.stringContaining('the transaction was rolled back: a statement in it had failed') });
      await c.transaction((t) => insert(t, 3));
    });
    expect(await present()).toEqual([3]);
  });

  test('a result that is refused is not a statement that failed', async () => {
    await cursor((c) => c.transaction(async (t) => {
      await insert(t, 1);
      expect(await rejection(t.query('FROM range(10)', [], { maxRows: 1 }))).toMatchObject({ code: 'RESULT_LIMIT' });
    }));
    expect(await present()).toEqual([1]);
  });
});

describe('a transaction that cannot be ended', () => {
  test('a conflict at COMMIT is retryable, and leaves the cursor free', async () => {
    await cursor(async (c) => {
      const error = await rejection(c.transaction(async (t) => {
        await insert(t, 0);
        await cursor((other) => other.execute('ALTER TABLE t ADD COLUMN j INT; ALTER TABLE t DROP COLUMN j'));
      }));
      expect(error).toMatchObject({ code: 'QUERY', retryable: true, duckdbType: 'TransactionContext Error' });
      await c.transaction((t) => insert(t, 1));
    });
    expect(await present()).toEqual([1]);
  });

  test('what no repetition cures is not retryable', async () => {
    await cursor((c) => c.execute('CREATE TABLE keys (n INT PRIMARY KEY)'));
    await cursor(async (c) => {
      const error = await rejection(c.transaction(async (t) => {
        await t.execute('INSERT INTO keys VALUES (1)');
        await cursor((other) => other.execute('INSERT INTO keys VALUES (1)'));
      }));
      expect(error).toMatchObject({ code: 'QUERY', retryable: false, message: expect.stringContaining('UNIQUE constraint violation') });
      await c.transaction((t) => insert(t, 1));
    });
    expect(await present()).toEqual([1]);
  });

  test('where neither COMMIT nor ROLLBACK can be done, the cursor ends', async () => {
    const kept = await cursor();
    const error = await rejection(kept.transaction(async (t) => {
      await insert(t, 1);
      await t.query('SELECT typeof($x), $x::VARCHAR', { x: 'a' });
    }));
    expect(error).toMatchObject({ code: 'FATAL' });
    expect(await rejection(kept.query('SELECT 1'))).toMatchObject({ code: 'CLOSED' });
    expect(await cursor((c) => c.query('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
  });

  test('a deadline inside it ends the cursor, and nothing of it is written', async () => {
    await cursor(async (c) => {
      const error = await rejection(c.transaction(async (t) => {
        await insert(t, 1);
        await t.query(SLOW);
      }, { signal: AbortSignal.timeout(50) }));
      expect(error).toMatchObject({ code: 'TIMEOUT' });
      expect(await rejection(insert(c, 2))).toMatchObject({ code: 'CLOSED' });
    });
    expect(await present()).toEqual([]);
  });
});
