import type { Cursor } from '../../../lib-runtime';
import { bytesOf } from '../../../lib-runtime/memory/sizes';
import { freshRuntime } from '../fresh-runtime';
import { rejection } from '../rejection';
import { config } from '../runtime-config';
import { signedExtensions } from '../signed-extensions';

const MIB = 1024 * 1024;
/** 218 MiB for DuckDB. */
const MEMORY = { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512' };
const LIMIT = "SELECT current_setting('memory_limit') AS memory_limit, current_setting('lock_configuration') AS locked";

async function limits(c: Cursor) {
  const row = await c.queryOne<{ memory_limit: string; locked: boolean }>(LIMIT);
  return { mib: Math.round(bytesOf(row!.memory_limit, 0)! / MIB), locked: row!.locked };
}

beforeEach(() => void jest.spyOn(console, 'log').mockImplementation());

describe('a configuration that is locked in the settings', () => {
  const start = (settings: object = {}) => (
    freshRuntime({ ...MEMORY, ...config({ settings: { lock_configuration: true, ...settings } }) })
  );

  test('the shared instance has half of the memory for good; sessions and DuckDBs share the rest, and are locked too', async () => {
    const { cursor, session, DuckDB, memoryBudget } = start();
    expect(await cursor(limits)).toEqual({ mib: 109, locked: true });
    await session(async (s) => {
      expect(await limits(s)).toEqual({ mib: 55, locked: true });
      expect(await cursor(limits)).toEqual({ mib: 109, locked: true });
      const database = new DuckDB({ memory: 50 });
      expect(await database.cursor(limits)).toEqual({ mib: 50, locked: true });
      await database.destroy();
    });
    expect(memoryBudget()).toMatchObject({ memoryBytes: 218 * MIB, reservedBytes: 0, shares: 0, waiting: 0 });
  });

  test('also where a session comes first', async () => {
    const { cursor, session } = start();
    await session({ memory: 109 }, async (s) => {
      expect(await limits(s)).toEqual({ mib: 109, locked: true });
      expect(await cursor(limits)).toEqual({ mib: 109, locked: true });
    });
  });

  test('several databases share that half', async () => {
    const { cursor } = freshRuntime({ ...MEMORY, ...config({ databases: { reports: {} }, settings: { lock_configuration: true } }) });
    expect(await cursor({ database: 'reports' }, limits)).toEqual({ mib: 55, locked: true });
    expect(await cursor(limits)).toEqual({ mib: 55, locked: true });
  });

  test('more than there can ever be is refused at once, and the error says why', async () => {
    const { session } = start();
    expect(await rejection(session({ memory: 110 }, limits))).toMatchObject({
      code: 'BUDGET',
      retryable: false,
      message: 'a memory of 110 MiB was asked for, and all instances of this process have 218 MiB together, ' +
        "109 of it kept for the shared instance, because the function's settings lock the configuration: ask for less, or raise the function's memorySize",
    });
  });

  test('settings of one session only are made before its lock', async () => {
    const { session } = start();
    expect(await session({ settings: { threads: 3 } }, (s) => s.queryOne("SELECT current_setting('threads') AS threads"))).toEqual({ threads: 3 });
  });

  test('what the runtime sets later is done without: streams, S3\'s time limits', async () => {
    const { cursor, withDuckDB } = freshRuntime({
      ...MEMORY, DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs', 'tpch'), ...config({ extensions: ['httpfs'], settings: { lock_configuration: true } }),
    });
    const handler = withDuckDB((_event: object, _context: { getRemainingTimeInMillis(): number }) => cursor(async (c) => {
      let rows = 0;
      for await (const batch of c.stream('FROM range(5000)')) rows += batch.length;
      return rows;
    }));
    expect(await handler({}, { getRemainingTimeInMillis: () => 20_000 })).toBe(5000);
  });

  test('false locks nothing', async () => {
    const { cursor, session } = start({ lock_configuration: false });
    expect(await cursor(limits)).toEqual({ mib: 218, locked: false });
    expect(await session(limits)).toEqual({ mib: 109, locked: false });
    expect(await cursor(limits)).toMatchObject({ locked: false });
  });
});

describe('a session that locks its own configuration', () => {
  test('works, and locks no other instance', async () => {
    const { cursor, session } = freshRuntime({ ...MEMORY, ...config({}) });
    await session({ settings: { lock_configuration: true, threads: 2 } }, async (s) => {
      expect(await limits(s)).toMatchObject({ locked: true });
      expect(await rejection(s.execute('SET threads = 1'))).toMatchObject({ message: expect.stringContaining('has been locked') });
      expect(await cursor(limits)).toMatchObject({ locked: false });
      expect(await session({ memory: 20 }, limits)).toEqual({ mib: 20, locked: false });
    });
  });
});

describe('a configuration that SQL locks', () => {
  const start = () => freshRuntime({ ...MEMORY, ...config({}) });

  test('while the shared instance has all of the memory: sessions are refused at once, and the error says what to do', async () => {
    const { cursor, session, DuckDB } = start();
    await cursor((c) => c.execute('SET lock_configuration = true'));
    const expected = {
      code: 'BUDGET', retryable: false, message: expect.stringMatching(/218 of it held by a shared instance whose configuration SQL has locked.*settings, which leaves half/),
    };
    expect(await rejection(session(limits))).toMatchObject(expected);
    expect(await rejection(session({ memory: 20 }, limits))).toMatchObject(expected);
    expect(await rejection(new DuckDB().cursor(limits))).toMatchObject(expected);
    expect(await cursor(limits)).toEqual({ mib: 218, locked: true });
  });

  test('while a session has a part of it: that part stays for sessions', async () => {
    const { cursor, session } = start();
    await session({ memory: 100 }, async () => {
      expect(await cursor(limits)).toEqual({ mib: 118, locked: false });
      await cursor((c) => c.execute('SET GLOBAL lock_configuration = true'));
    });
    expect(await session({ memory: 100 }, limits)).toEqual({ mib: 100, locked: false });
    expect(await session(limits)).toEqual({ mib: 50, locked: false });
    expect(await cursor(limits)).toEqual({ mib: 118, locked: true });
    expect(await rejection(session({ memory: 101 }, limits))).toMatchObject({ code: 'BUDGET', retryable: false, message: expect.stringContaining('118 of it held') });
  });

  test('by a step of SQL', async () => {
    const step = { name: 'harden', type: 'sql', config: { statements: ['SET lock_configuration = true'] } };
    const { cursor, session } = freshRuntime({ ...MEMORY, ...config({ steps: [step] }) });
    expect(await cursor(limits)).toEqual({ mib: 218, locked: true });
    expect(await rejection(session(limits))).toMatchObject({ code: 'BUDGET', retryable: false });
  });

  test('of one database of several: the others still give way', async () => {
    const { cursor, session } = freshRuntime({ ...MEMORY, ...config({ databases: { reports: {} } }) });
    await cursor((c) => c.query('SELECT 1'));
    await cursor({ database: 'reports' }, (c) => c.execute('SET lock_configuration = true'));
    const [locked, other] = [await cursor({ database: 'reports' }, limits), await cursor(limits)];
    expect([locked.mib, other.mib]).toEqual([109, 109]);
    await session({ memory: 50 }, async (s) => {
      expect(await limits(s)).toEqual({ mib: 50, locked: false });
      expect(await cursor(limits)).toEqual({ mib: 59, locked: false });
      expect(await cursor({ database: 'reports' }, limits)).toEqual({ mib: 109, locked: true });
    });
  });
});

test('MotherDuck cannot be used where the configuration is locked: the error says so, before its token is read', async () => {
  const step = { name: 'motherduck', type: 'motherduck', provides: ['sales'], config: { token: { ssm: '/token' }, databases: ['sales'] } };
  const { cursor } = freshRuntime({
    ...MEMORY, AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL_SSM: 'http://127.0.0.1:1', ...config({ steps: [step], settings: { lock_configuration: true } }),
  });
  expect(await rejection(cursor((c) => c.query('FROM sales.orders')))).toMatchObject({
    code: 'BOOTSTRAP', retryable: false, message: expect.stringContaining('the configuration is locked (lock_configuration), and MotherDuck'),
  });
});
