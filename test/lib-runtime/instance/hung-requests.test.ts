import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { requestLimits } from '../../../lib-runtime/instance/request-limits';
import { describeWith } from '../../bed/require';
import { valuesOf } from '../built-runtime';
import { freshRuntime } from '../fresh-runtime';
import { rejection } from '../rejection';
import { config } from '../runtime-config';
import { signedExtensions } from '../signed-extensions';

/** All attempts at a request that nobody answers, and the pauses between them, as DuckDB makes them. */
function longestMs(left: number, settings: { readonly [name: string]: string } = {}): number {
  const { seconds, retries } = requestLimits(left, settings);
  const pause = Number(settings.http_retry_wait_ms ?? 100);
  const pauses = Array.from({ length: Math.max(0, retries - 1) }, (_, i) => pause * Number(settings.http_retry_backoff ?? 4) ** i);
  return 1000 * seconds * (retries + 1) + pauses.reduce((sum, ms) => sum + ms, 0);
}

test('all attempts at a request together end within the invocation, whatever it has left', () => {
  for (let left = 1_000; left <= 900_000; left += 100) expect([left, longestMs(left) <= left]).toEqual([left, true]);
  expect(requestLimits(900_000, {})).toEqual({ seconds: 30, retries: 3 });
  expect(requestLimits(60_000, {})).toEqual({ seconds: 14, retries: 3 });
  expect(requestLimits(10_000, {})).toEqual({ seconds: 2, retries: 3 });
  expect(requestLimits(5_000, {})).toEqual({ seconds: 2, retries: 1 });
  expect(requestLimits(3_000, {})).toEqual({ seconds: 3, retries: 0 });
  // What is left allows no less.
  expect(requestLimits(10, {})).toEqual({ seconds: 1, retries: 0 });
});

test('the user\'s own retries and pauses are counted, and stay', () => {
  expect(requestLimits(60_000, { http_retries: '0' })).toEqual({ seconds: 30, retries: 0 });
  expect(requestLimits(60_000, { http_retries: '9', http_retry_backoff: '1' })).toEqual({ seconds: 5, retries: 9 });
  const given: Record<string, string>[] = [{ http_retries: '5' }, { http_retry_wait_ms: '1000', http_retry_backoff: '2' }];
  for (const settings of given) {
    for (let left = 150_000; left <= 900_000; left += 1_000) expect([left, longestMs(left, settings) <= left]).toEqual([left, true]);
  }
});

describeWith('python', 'a server that accepts connections and says nothing', () => {
  const environment = async (more: object = {}) => (
    { DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs'), ...config({ extensions: ['httpfs'], ...more }) }
  );

  test('a request is asked as often as fits, and is gone when the invocation is', async () => {
    const { cursor, withDuckDB } = freshRuntime(await environment());
    const open = new Set<Socket>();
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      // Read, else its end is not seen.
      open.add(socket.resume().on('error', () => undefined).on('close', () => open.delete(socket)));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const handler = withDuckDB((_event: string, _context: object) => rejection(cursor((c) => c.query(`FROM read_csv('http://127.0.0.1:${port}/x.csv')`))));
      const deadline = Date.now() + 5_500;
      // Each attempt has two seconds, before the deadline comes near.
      expect(await handler('', { getRemainingTimeInMillis: () => deadline - Date.now() })).toMatchObject({ retryable: true });
      while (open.size > 0) await once([...open][0]!, 'close');
      expect([...open]).toEqual([]);
      expect(connections).toBe(2);
    } finally {
      for (const socket of open) socket.destroy();
      server.close();
    }
  });

  test('where the configuration is locked, the function\'s timeout is the measure; what the user has set stays', async () => {
    const limits = "SELECT current_setting('http_timeout')::INTEGER AS seconds, current_setting('http_retries')::INTEGER AS retries";
    const read = async (more: object, milliseconds: number) => {
      const { cursor, withDuckDB } = freshRuntime(await environment(more));
      return withDuckDB((_event: string, _context: object) => cursor((c) => c.queryOne(limits)))('', { getRemainingTimeInMillis: () => milliseconds });
    };
    expect(await read({ timeoutSeconds: 20, settings: { lock_configuration: true } }, 3_000)).toEqual({ seconds: 4, retries: 3 });
    expect(await read({ settings: { http_timeout: 7 } }, 3_000)).toEqual({ seconds: 7, retries: 3 });
    expect(await read({ settings: { http_retries: 1 } }, 30_000)).toEqual({ seconds: 15, retries: 1 });
    expect(await read({}, 30_000)).toEqual({ seconds: 7, retries: 3 });
  });

  test.each([
    ['no stack has declared it', ''],
    ['a function\'s SQL loads it', config({}).DUCKDB_LAMBDA_CONFIG],
  ])('where httpfs comes when it is needed, the limits do with it, and follow each invocation: %s', async (_, declared) => {
    const { cursor, session, withDuckDB } = freshRuntime({ DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs'), DUCKDB_LAMBDA_CONFIG: declared });
    const limits = "SELECT current_setting('http_timeout')::INTEGER AS seconds, current_setting('http_retries')::INTEGER AS retries";
    const invoke = (opener: typeof cursor, milliseconds: number) => withDuckDB((_event: string, _context: object) => opener(async (c) => {
      await c.execute('LOAD httpfs');
      return c.queryOne(limits);
    }))('', { getRemainingTimeInMillis: () => milliseconds });
    for (const opener of [cursor, session as unknown as typeof cursor]) {
      expect(await invoke(opener, 3_000)).toEqual({ seconds: 3, retries: 0 });
      expect(await invoke(opener, 30_000)).toEqual({ seconds: 7, retries: 3 });
    }
  });

  test('calls that were given up leave a thread to the next query, and one to the rest of the process', async () => {
    const [values] = await valuesOf(`
      import { lookup } from 'node:dns/promises';
      import { once } from 'node:events';
      import { createServer } from 'node:net';
      import { cursor } from 'cdk-duckdb-lambda/runtime';

      const sockets = new Set();
      const server = createServer((socket) => sockets.add(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const code = (promise) => promise.then((value) => value, (error) => error.code);
      /** Given up once the server has its request. */
      const abandon = async () => {
        const ending = new AbortController();
        const url = 'http://127.0.0.1:' + server.address().port + '/' + sockets.size + '.csv';
        const asked = once(server, 'connection');
        const outcome = code(cursor((c) => c.query("FROM read_csv('" + url + "')", [], { signal: ending.signal })));
        await asked;
        ending.abort();
        return outcome;
      };
      const one = (signal) => code(cursor((c) => c.queryOne('SELECT 1 AS one', [], { signal })));

      await one();
      const givenUp = [await abandon(), await abandon()];
      const answers = [await one(), await one()];
      givenUp.push(await abandon());
      const full = await one(AbortSignal.timeout(1_000));
      const { address } = await lookup('127.0.0.1');
      // As soon as they end, their threads are free.
      server.close();
      sockets.forEach((socket) => socket.destroy());
      console.log(JSON.stringify({ givenUp, answers, full, address, after: await one() }));`,
    { env: { ...await environment({ settings: { http_retries: 0 } }), UV_THREADPOOL_SIZE: '4' } });
    expect(values).toEqual({
      givenUp: ['ABORTED', 'ABORTED', 'ABORTED'], answers: [{ one: 1 }, { one: 1 }], full: 'TIMEOUT', address: '127.0.0.1', after: { one: 1 },
    });
  });
});
