import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Budget } from '../../../lib-runtime/memory/budget';
import type { Limits } from '../../../lib-runtime/memory/limits';
import { bytesOf } from '../../../lib-runtime/memory/sizes';
import { valuesOf } from '../built-runtime';
import { freshRuntime } from '../fresh-runtime';
import { PEAK_BYTES } from '../peak-memory';
import { rejection } from '../rejection';
import { config } from '../runtime-config';

const MIB = 1024 * 1024;

/** A shared instance that says what it was given. */
function holder(refuseBelowMiB = 0) {
  const given: number[] = [];
  return {
    given,
    async setLimits({ memoryBytes }: Limits) {
      if (memoryBytes < refuseBelowMiB * MIB) throw new Error('Out of Memory Error: failed to change memory limit');
      given.push(Math.round(memoryBytes / MIB));
    },
  };
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('shares', () => {
  test('the shared instance has all while alone; each share is half of what is left, and is given back', async () => {
    const budget = new Budget(1024 * MIB, 100_000);
    const shared = holder();
    let first: Limits | undefined;
    await budget.addShared(async (limits) => {
      first = limits;
      return shared;
    });
    expect(first).toEqual({ memoryBytes: 1024 * MIB, spillBytes: 100_000 });
    const one = await budget.reserve(undefined);
    const two = await budget.reserve(undefined);
    expect([one, two].map(({ memoryBytes, spillBytes }) => [memoryBytes / MIB, spillBytes])).toEqual([[512, 50_000], [256, 25_000]]);
    expect(shared.given).toEqual([512, 256]);
    expect(budget.figures).toEqual({ memoryBytes: 1024 * MIB, reservedBytes: 768 * MIB, shares: 2, waiting: 0 });
    one.release();
    one.release();
    two.release();
    await settled();
    expect(shared.given.at(-1)).toBe(1024);
    expect(budget.figures).toMatchObject({ reservedBytes: 0, shares: 0 });
  });

  test('as asked, in MiB', async () => {
    const budget = new Budget(1024 * MIB, 100_000);
    expect((await budget.reserve(100)).memoryBytes).toBe(100 * MIB);
  });

  test('shared instances have equal parts; one that was made while a session came gives way after', async () => {
    const budget = new Budget(1024 * MIB, 0);
    const [one, two] = [holder(), holder()];
    await budget.addShared(async () => one);
    await budget.addShared(async () => {
      await budget.reserve(512);
      return two;
    });
    await settled();
    expect([one.given.at(-1), two.given.at(-1)]).toEqual([256, 256]);
    budget.removeShared(one);
    await settled();
    expect(two.given.at(-1)).toBe(512);
  });

  test('what the shared instance cannot spare is not taken: a smaller share is', async () => {
    const budget = new Budget(1024 * MIB, 0);
    await budget.addShared(async () => holder(700));
    expect((await budget.reserve(undefined)).memoryBytes).toBe(256 * MIB);
  });
});

describe('when it is out', () => {
  test('the next one waits, in order', async () => {
    const budget = new Budget(256 * MIB, 0);
    const order: string[] = [];
    const first = await budget.reserve(200);
    const second = budget.reserve(150).then((share) => order.push('second') && share);
    const third = budget.reserve(50).then((share) => order.push('third') && share);
    await settled();
    expect(budget.figures.waiting).toBe(2);
    first.release();
    await Promise.all([second, third]);
    expect(order).toEqual(['second', 'third']);
  });

  test('for so long; then a typed error with the figures and the way out', async () => {
    const budget = new Budget(256 * MIB, 0, 60);
    await budget.reserve(200);
    const error = await rejection(budget.reserve(100));
    expect(error).toMatchObject({ code: 'BUDGET', name: 'BudgetError', retryable: true });
    expect(error.message).toBe('no memory for another session or DuckDB within 0.06 s: 200 of 256 MiB are taken by 1; ' +
      "close them sooner, ask for less with { memory }, or raise the function's memorySize");
    expect(budget.figures.waiting).toBe(0);
    expect((await budget.reserve(10)).memoryBytes).toBe(10 * MIB);
  });

  test('it names what the shared instance answered', async () => {
    const budget = new Budget(256 * MIB, 0, 60);
    await budget.addShared(async () => holder(250));
    expect((await rejection(budget.reserve(undefined))).message).toContain('(the shared instance could not give way: Out of Memory Error: failed to change memory limit)');
  });

  test('what can never be is refused at once', async () => {
    const budget = new Budget(256 * MIB, 0);
    expect(await rejection(budget.reserve(250))).toMatchObject({ code: 'BUDGET', retryable: false });
  });

  test('a signal stops the waiting', async () => {
    const budget = new Budget(256 * MIB, 0);
    await budget.reserve(200);
    expect(await rejection(budget.reserve(100, AbortSignal.timeout(20)))).toMatchObject({ code: 'TIMEOUT' });
    const both = await Promise.all([20, 30].map((ms) => rejection(budget.reserve(100, AbortSignal.timeout(ms)))));
    expect(both.map(({ code }) => code)).toEqual(['TIMEOUT', 'TIMEOUT']);
    expect(budget.figures.waiting).toBe(0);
  });
});

describe('while one waits', () => {
  test('those that fit into what is left go ahead of it', async () => {
    const budget = new Budget(1024 * MIB, 0);
    const large = await budget.reserve(600);
    const waiting = budget.reserve(500);
    expect([(await budget.reserve(16)).memoryBytes, (await budget.reserve(100)).memoryBytes]).toEqual([16 * MIB, 100 * MIB]);
    expect(budget.figures).toMatchObject({ reservedBytes: 716 * MIB, waiting: 1 });
    large.release();
    expect((await waiting).memoryBytes).toBe(500 * MIB);
  });

  test('but no more of them than it wants itself: then all wait for it, in order', async () => {
    const budget = new Budget(1024 * MIB, 0);
    const large = await budget.reserve(600);
    const order: string[] = [];
    const waiting = budget.reserve(500).then((share) => order.push('large') && share);
    let passed = 0;
    // Each ends before the next comes, so there would always be memory for small ones.
    for (; passed < 100; passed++) {
      const small = budget.reserve(50);
      const share = await Promise.race([small, settled()]) as { release(): void } | undefined;
      if (share === undefined) {
        void small.then(() => order.push('small'));
        break;
      }
      share.release();
    }
    expect(passed).toBe(10);
    large.release();
    await waiting;
    await settled();
    expect(order).toEqual(['large', 'small']);
  });

  test('a call that stops waiting does not delay the others', async () => {
    const budget = new Budget(1024 * MIB, 0);
    await budget.reserve(600);
    const controller = new AbortController();
    const large = rejection(budget.reserve(420, controller.signal));
    (await budget.reserve(400)).release();
    // There is memory for it, but no call may overtake any more.
    const small = budget.reserve(30);
    await settled();
    expect(budget.figures.waiting).toBe(2);
    controller.abort();
    expect(await large).toMatchObject({ code: 'ABORTED' });
    expect((await small).memoryBytes).toBe(30 * MIB);
  });
});

/** Numbers from 0 to 1, the same for the same seed (Park and Miller's). */
function randomOf(seed: number): () => number {
  let state = seed * 7919;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

describe('sessions that come and go at random: no memory is given twice, a session that fits proceeds, and none starves', () => {
  const MEMORY = 1000;
  const LEAST = 16;
  const quiet = async () => {
    for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate);
  };

  interface Asked { readonly wanted: number | undefined; passed: number; readonly abort: AbortController }

  test.each(Array.from({ length: 25 }, (_, i) => i + 1))('seed %i', async (seed) => {
    const random = randomOf(seed);
    const budget = new Budget(MEMORY * MIB, 0, 600_000);
    let sharedMiB = 0;
    await budget.addShared(async (limits) => {
      sharedMiB = limits.memoryBytes / MIB;
      return { async setLimits({ memoryBytes }: Limits) { sharedMiB = memoryBytes / MIB; } };
    });
    const waiting: Asked[] = [];
    const open: { mib: number; release(): void }[] = [];
    let served = 0;

    const ask = (wanted: number | undefined) => {
      const asked: Asked = { wanted, passed: 0, abort: new AbortController() };
      waiting.push(asked);
      budget.reserve(wanted, asked.abort.signal).then((share) => {
        const mib = share.memoryBytes / MIB;
        for (const earlier of waiting.slice(0, waiting.indexOf(asked))) {
          earlier.passed += mib;
          // Nobody is passed by more than it wants itself.
          expect(earlier.passed).toBeLessThanOrEqual(earlier.wanted ?? LEAST);
        }
        waiting.splice(waiting.indexOf(asked), 1);
        open.push({ mib, release: () => share.release() });
        served += 1;
      }, () => undefined);
    };
    const end = () => open.splice(Math.floor(random() * open.length), 1).forEach((share) => share.release());
    const abandon = () => waiting.splice(Math.floor(random() * waiting.length), 1).forEach(({ abort }) => abort.abort());

    const check = () => {
      const taken = open.reduce((sum, { mib }) => sum + mib, 0);
      expect(budget.figures).toMatchObject({ reservedBytes: taken * MIB, shares: open.length, waiting: waiting.length });
      expect(taken + Math.max(LEAST, sharedMiB)).toBeLessThanOrEqual(MEMORY);
      for (const [at, { wanted = LEAST }] of waiting.entries()) {
        const fits = taken + wanted <= MEMORY - LEAST;
        const mayPass = waiting.slice(0, at).every((earlier) => earlier.passed + wanted <= (earlier.wanted ?? LEAST));
        expect(fits && mayPass).toBe(false);
      }
    };

    for (let step = 0; step < 200; step++) {
      const dice = random();
      if (dice < 0.45) ask(16 + Math.floor(random() * 60));
      else if (dice < 0.55) ask(300 + Math.floor(random() * 600));
      else if (dice < 0.6) ask(undefined);
      else if (dice < 0.63) abandon();
      else end();
      await quiet();
      check();
    }
    expect(served).toBeGreaterThan(20);
    // When no more sessions come, all waiting ones are served.
    for (let rounds = 0; waiting.length > 0; rounds++) {
      expect(rounds).toBeLessThan(500);
      end();
      await quiet();
      check();
    }
    while (open.length > 0) end();
    await quiet();
    expect(budget.figures).toMatchObject({ reservedBytes: 0, shares: 0, waiting: 0 });
    expect(sharedMiB).toBe(MEMORY);
  });
});

test.each<[string, number]>([['700MiB', 700 * MIB], ['1GB', 1e9], ['1.5 GiB', 1.5 * 1024 * MIB], ['512 kb', 512_000], ['50%', 500], ['10', 10], ['2TB', 2e12]])(
  '%s is %d bytes', (text, bytes) => expect(bytesOf(text, 1000)).toBe(bytes));

test.each(['much', '-1GB', '0', 'GB'])('%j is not a size', (text) => {
  expect(() => bytesOf(text, 1000)).toThrow(expect.objectContaining({ code: 'CONFIG' }));
});

describe('real instances', () => {
  const limit = "SELECT current_setting('memory_limit') AS memory_limit";

  test('the shared limit is lowered while a session lives, and raised after', async () => {
    const { cursor, session } = freshRuntime({ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1629' });
    const shared = async () => bytesOf((await cursor((c) => c.queryOne<{ memory_limit: string }>(limit)))!.memory_limit, 0)! / MIB;
    expect(await shared()).toBeCloseTo(1000, -1);
    await session(async (s) => {
      expect(bytesOf((await s.queryOne<{ memory_limit: string }>(limit))!.memory_limit, 0)! / MIB).toBeCloseTo(500, -1);
      expect(await shared()).toBeCloseTo(500, -1);
      await session({ memory: 100 }, async () => expect(await shared()).toBeCloseTo(400, -1));
    });
    // The shared limit follows a moment later: nobody waits for it.
    for (let tries = 0; tries < 200 && await shared() < 990; tries++) await settled();
    expect(await shared()).toBeCloseTo(1000, -1);
  });

  test('a small session does not wait behind a large one, and the large one gets its turn', async () => {
    const { session } = freshRuntime({ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1629' });
    let large: Promise<string> | undefined;
    await session({ memory: 600 }, async () => {
      large = session({ memory: 500 }, async () => 'large');
      expect(await session({ memory: 16 }, async (s) => s.queryOne('SELECT 1 AS one'))).toEqual({ one: 1 });
      expect(await Promise.race([large, session({ memory: 16 }, async () => 'small')])).toBe('small');
    });
    expect(await large).toBe('large');
  });

  test('the user\'s memory_limit is the process\'s', async () => {
    const { cursor, session } = freshRuntime(config({ settings: { memory_limit: '400MiB' } }));
    expect(await cursor((c) => c.queryOne(limit))).toEqual({ memory_limit: '400.0 MiB' });
    expect(await session((s) => s.queryOne(limit))).toEqual({ memory_limit: '200.0 MiB' });
  });

  test('64 sessions asked for at once all get their turn', async () => {
    const { session } = freshRuntime({ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024' });
    const values = await Promise.all(Array.from({ length: 64 }, (_, i) => session((s) => s.queryOne('SELECT $1::INT AS i', [i]))));
    expect(values).toEqual(Array.from({ length: 64 }, (_, i) => ({ i })));
  }, 60_000);

  // A window over ten million rows: more than any of the limits, so that all three spill, at the same time.
  const HEAVY = 'SELECT sum(r) AS total FROM (SELECT row_number() OVER (ORDER BY hash(range)) AS r FROM range(6000000))';
  const RIGHT = 6_000_000 * 6_000_001 / 2;
  const peak = `${PEAK_BYTES} const peak = () => Math.round(peakBytes() / 1024 / 1024);`;

  test('two sessions and a cursor that spill at once: right rows, under the function\'s memory', async () => {
    const script = `
      import { cursor, session } from 'cdk-duckdb-lambda/runtime';
      ${peak}
      const heavy = (c) => c.queryOne(${JSON.stringify(HEAVY)});
      const rows = await Promise.all([cursor(heavy), session(heavy), session(heavy)]);
      console.log(JSON.stringify({ rows: rows.map((row) => row.total), peak: peak() }));
    `;
    const [{ rows, peak: used }] = await valuesOf(script, { env: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512' } });
    expect(rows).toEqual([RIGHT, RIGHT, RIGHT]);
    expect([used, used < 512]).toEqual([used, true]);
  }, 60_000);

  test('with each instance\'s own limit, as if it were alone, the same goes over it', async () => {
    const script = `
      import { createRequire } from 'node:module';
      const { DuckDBInstance } = createRequire(process.cwd() + '/')('@duckdb/node-api');
      ${peak}
      await Promise.all([1, 2, 3].map(async (n) => {
        const instance = await DuckDBInstance.create(':memory:', { memory_limit: '218MiB', threads: '1', temp_directory: process.env.SPILL + n });
        const connection = await instance.connect();
        await (await connection.run(${JSON.stringify(HEAVY)})).getRows();
      }));
      console.log(JSON.stringify({ peak: peak() }));
    `;
    const [{ peak: used }] = await valuesOf(script, { env: { SPILL: join(tmpdir(), `naive-${process.pid}-`) } });
    expect([used, used > 512]).toEqual([used, true]);
  }, 60_000);
});
