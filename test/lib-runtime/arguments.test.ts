import { Writable } from 'node:stream';
import { freshRuntime, type Runtime } from './fresh-runtime';
import { rejection } from './rejection';
import { config } from './runtime-config';

/** A value of each kind that may reach an argument by mistake; made anew for each call. */
const VALUES: Readonly<Record<string, () => unknown>> = {
  'undefined': () => undefined,
  'null': () => null,
  '0': () => 0,
  'NaN': () => NaN,
  'true': () => true,
  'the empty text': () => '',
  'a text': () => 'x',
  'a symbol': () => Symbol('x'),
  'a bigint': () => 1n,
  'a function': () => () => undefined,
  'a list': () => [],
  'a list of lists': () => [[]],
  'an object': () => ({}),
  'an object with unknown names': () => ({ x: 1 }),
  'an object without a prototype': () => Object.create(null),
  'a date': () => new Date(NaN),
  'a promise': () => Promise.resolve({}),
  'an object that throws': () => new Proxy({}, { get: fail, ownKeys: fail, getPrototypeOf: fail, has: fail, getOwnPropertyDescriptor: fail }),
  'a circle': () => {
    const circle: Record<string, unknown> = {};
    return circle.circle = circle;
  },
};

function fail(): never {
  throw new Error('a trap');
}

const nothing = async () => undefined;
const sink = () => new Writable({ write: (_chunk, _encoding, done) => done() });
/** A stream of one batch. A generator would look for a `then` in it. */
function batches(batch: unknown): AsyncIterable<unknown> {
  const results = [{ done: false, value: batch }];
  return { [Symbol.asyncIterator]: () => ({ next: async () => results.pop() ?? { done: true, value: undefined } }) };
}

type Call = (runtime: Runtime, value: any) => unknown;

/** Runs a call on a cursor, and ends its stream if it gives one. */
const onCursor = (call: (c: any, value: any) => unknown): Call => ({ cursor }, value) => cursor(async (c) => drained(await call(c, value)));

async function drained(result: unknown): Promise<void> {
  if (typeof (result as any)?.[Symbol.asyncIterator] === 'function') for await (const _ of result as AsyncIterable<unknown>);
}

const CALLS: Readonly<Record<string, Call>> = {
  'cursor(x)': ({ cursor }, value) => cursor(value),
  'cursor(x, fn)': ({ cursor }, value) => cursor(value, nothing),
  'cursor({}, x)': ({ cursor }, value) => cursor({}, value),
  'cursor(fn, x)': ({ cursor }: any, value) => cursor(nothing, value),
  ...Object.fromEntries(['database', 'bootstrap', 'signal'].map((name): [string, Call] => (
    [`cursor({ ${name}: x })`, ({ cursor }, value) => cursor({ [name]: value }, nothing)]
  ))),
  'session(x)': ({ session }, value) => session(value),
  'session({}, x)': ({ session }, value) => session({}, value),
  ...Object.fromEntries(['bootstrap', 'settings', 'memory', 'signal'].map((name): [string, Call] => (
    [`session({ ${name}: x })`, ({ session }, value) => session({ [name]: value }, nothing)]
  ))),
  'session({ settings: { threads: x } })': ({ session }, value) => session({ settings: { threads: value } }, nothing),
  'attach(x)': ({ session }, value) => session((s) => s.attach(value)),
  'attach(file, x)': ({ session }, value) => session((s) => s.attach(':memory:', value)),
  ...Object.fromEntries(['as', 'readOnly', 'signal'].map((name): [string, Call] => (
    [`attach(file, { ${name}: x })`, ({ session }, value) => session((s) => s.attach(':memory:', { [name]: value }))]
  ))),
  'new DuckDB(x)': ({ DuckDB }, value) => new DuckDB(value),
  ...Object.fromEntries(['dbName', 'cleanOnStart', 'bootstrap', 'memory'].map((name): [string, Call] => (
    [`new DuckDB({ ${name}: x })`, ({ DuckDB }, value) => new DuckDB({ [name]: value }).destroy()]
  ))),
  'cursor(x) of a DuckDB': (runtime, value) => onDuckDB(runtime, (database) => database.cursor(value)),
  'cursor({}, x) of a DuckDB': (runtime, value) => onDuckDB(runtime, (database) => database.cursor({}, value)),
  'cursor({ bootstrap: x }) of a DuckDB': (runtime, value) => onDuckDB(runtime, (database) => database.cursor({ bootstrap: value }, nothing)),
  ...Object.fromEntries(['query', 'queryOne', 'queryResult', 'execute', 'stream'].flatMap((name): [string, Call][] => [
    [`${name}(x)`, onCursor((c, value) => c[name](value))],
    [`${name}(sql, x)`, onCursor((c, value) => c[name]('SELECT $a AS a', value))],
    [`${name}(sql, [x])`, onCursor((c, value) => c[name]('SELECT ? AS a', [value]))],
    [`${name}(sql, [], x)`, onCursor((c, value) => c[name]('SELECT 1 AS a', [], value))],
    ...['rows', 'maxRows', 'maxBytes', 'signal'].map((option): [string, Call] => (
      [`${name}(sql, [], { ${option}: x })`, onCursor((c, value) => c[name]('SELECT 1 AS a', [], { [option]: value }))]
    )),
  ])),
  'transaction(x)': onCursor((c, value) => c.transaction(value)),
  'transaction(fn, x)': onCursor((c, value) => c.transaction(nothing, value)),
  'withConnection(x)': onCursor((c, value) => c.withConnection(value)),
  'withConnection(fn, x)': onCursor((c, value) => c.withConnection(nothing, value)),
  'bootstrap(x)': onCursor((c, value) => c.bootstrap(value)),
  'withDuckDB(x)': ({ withDuckDB }, value) => withDuckDB(value)(),
  'withDuckDB(fn, x)': ({ withDuckDB }, value) => withDuckDB(nothing, value)(),
  'withDuckDB(fn, { marginMs: x })': ({ withDuckDB }, value) => withDuckDB(nothing, { marginMs: value })(),
  'withDuckDB(fn, { recycleAboveMemory: x })': ({ withDuckDB }, value) => withDuckDB(nothing, { recycleAboveMemory: value })(),
  'writeRows(x)': ({ writeRows }, value) => writeRows(value, sink()),
  'writeRows(batches of x)': ({ writeRows }, value) => writeRows(batches(value) as any, sink()),
  'writeRows(rows, x)': ({ writeRows }, value) => writeRows(batches([{ a: 1 }]) as any, value),
  'writeRows(rows, response, x)': ({ writeRows }, value) => writeRows(batches([{ a: 1 }]) as any, sink(), value),
  'writeRows(rows, response, { format: x })': ({ writeRows }, value) => writeRows(batches([{ a: 1 }]) as any, sink(), { format: value }),
  'writeRows(rows, response, { columns: x })': ({ writeRows }, value) => writeRows(batches([{ a: 1 }]) as any, sink(), { format: 'csv', columns: value }),
  'registerBootstrapStep(x)': ({ registerBootstrapStep }, value) => registerBootstrapStep(value, { run: nothing }),
  'registerBootstrapStep(type, x)': ({ registerBootstrapStep }, value) => registerBootstrapStep('own', value),
};

async function onDuckDB(runtime: Runtime, use: (database: InstanceType<Runtime['DuckDB']>) => Promise<unknown>): Promise<void> {
  const database = new runtime.DuckDB();
  try {
    await use(database);
  } finally {
    await database.destroy();
  }
}

let runtime: Runtime;
beforeAll(() => {
  runtime = freshRuntime();
});

test.each(Object.keys(CALLS))('%s answers, or throws a typed error, whatever x is', async (name) => {
  for (const [kind, make] of Object.entries(VALUES)) {
    let outcome: unknown;
    try {
      outcome = await CALLS[name]!(runtime, make());
      await (outcome as { close?: () => Promise<void> } | undefined)?.close?.();
    } catch (error) {
      outcome = error;
    }
    const isTyped = !(outcome instanceof Error) || outcome instanceof runtime.DuckDbError || outcome;
    expect([kind, isTyped]).toEqual([kind, true]);
  }
}, 60_000);

describe('an unknown option is refused, with the nearest name', () => {
  test.each<[string, Call, string]>([
    ['cursor', ({ cursor }: any) => cursor({ databse: 'sales' }, nothing), 'cursor() has no option "databse"; did you mean "database"?; its options are: database, bootstrap, maxStalenessMs, signal'],
    ['session', ({ session }: any) => session({ Memory: 64 }), 'session() has no option "Memory"; did you mean "memory"?; its options are'],
    ['DuckDB', ({ DuckDB }: any) => new DuckDB({ dbname: 'x.duckdb' }), 'DuckDB has no option "dbname"; did you mean "dbName"?; its options are'],
    ['cursor of a DuckDB', ({ DuckDB }: any) => new DuckDB().cursor({ database: 'x' }), 'cursor() of a DuckDB has no option "database"; its options are: bootstrap, maxStalenessMs, signal'],
    ['query', ({ cursor }: any) => cursor((c: any) => c.query('SELECT 1', [], { maxrows: 1 })), 'a query has no option "maxrows"; did you mean "maxRows"?; its options are'],
    ['stream', ({ cursor }: any) => cursor(async (c: any) => drained(c.stream('SELECT 1', [], { timeout: 1 }))), 'a query has no option "timeout"; its options are'],
    ['transaction', ({ cursor }: any) => cursor((c: any) => c.transaction(nothing, { signals: 1 })), 'this call has no option "signals"; did you mean "signal"?; its options are'],
    ['attach', ({ session }: any) => session((s: any) => s.attach('x', { readonly: true })), 'attach() has no option "readonly"; did you mean "readOnly"?; its options are'],
    ['withDuckDB', ({ withDuckDB }: any) => withDuckDB(nothing, { margin: 1 }), 'withDuckDB() has no option "margin"; did you mean "marginMs"?; its options are'],
    ['writeRows', ({ writeRows }: any) => writeRows(batches([]), sink(), { fromat: 'csv' }), 'writeRows() has no option "fromat"; did you mean "format"?; its options are'],
    ['a text', ({ cursor }: any) => cursor('sales', nothing), 'the options of cursor() are "sales", expected an object with any of: database, bootstrap, maxStalenessMs, signal'],
    ['a promise', ({ session }: any) => session(Promise.resolve({})), 'the options of session() are {}, expected an object'],
    ['options behind the callback', ({ cursor }: any) => cursor(nothing, { database: 'sales' }), 'cursor() got {"database":"sales"} after its callback: pass options before the callback'],
  ])('%s', async (_, call, message) => {
    const error = await rejection((async () => call(runtime, undefined))());
    expect(error).toMatchObject({ code: 'CONFIG', message: expect.stringContaining(message) });
  });
});

test('options may be of a class of their own', async () => {
  class Options {
    get database() {
      return 'of-a-class';
    }
  }
  expect(await runtime.cursor(new Options(), (c) => c.query('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
});

test('a batch that is not a list is an error, not an empty answer', async () => {
  const rows = await runtime.cursor((c) => c.query('SELECT 1 AS one'));
  expect(await rejection(runtime.writeRows(rows as any, sink()))).toMatchObject({
    code: 'CONFIG', message: 'writeRows() got {"one":1} as rows, expected batches of rows: pass c.stream(...), or [rows] for rows in memory',
  });
});

test('invalid settings of a stack are an error', async () => {
  const { cursor } = freshRuntime(config({ settings: { threads: [1] } }));
  expect(await rejection(cursor(nothing))).toMatchObject({ code: 'CONFIG', message: 'the setting "threads" is [1], expected a string, a number or a boolean' });
});
