import type { BootstrapStepType } from '../../../lib-runtime';
import { freshRuntime, type Runtime } from '../fresh-runtime';
import { rejection } from '../rejection';
import { config } from '../runtime-config';

const own = { name: 'own', type: 'own', provides: ['own'], config: { rows: 3 } };

function start(type: BootstrapStepType | ((runtime: Runtime) => BootstrapStepType), step: object = own): Runtime {
  const runtime = freshRuntime(config({ steps: [step as typeof own] }));
  runtime.registerBootstrapStep('own', typeof type === 'function' ? type(runtime) : type);
  return runtime;
}

const attach: BootstrapStepType = {
  run: async (connection, { rows }) => {
    await connection.run("ATTACH IF NOT EXISTS ':memory:' AS own");
    await connection.run(`CREATE OR REPLACE TABLE own.t AS FROM range(${rows}) r(x)`);
  },
};

/** A step whose access expires: `own.t` fails with a server's error until the step has run again. */
function withToken(calls: string[]): BootstrapStepType {
  const setUp = (broken: boolean) => async (connection: Parameters<BootstrapStepType['run']>[0]) => {
    calls.push(broken ? 'run' : 'renew');
    await connection.run("ATTACH IF NOT EXISTS ':memory:' AS own");
    await connection.run(`CREATE OR REPLACE VIEW own.t AS SELECT ${broken ? "error('HTTP 401 token expired')" : '1'} AS x`);
  };
  return { run: setUp(true), renew: setUp(false), diagnose: (error) => (error.includes('token expired') ? 'refused' : undefined) };
}

describe('diagnose', () => {
  test('refused: the step is renewed, and a SELECT runs again, once', async () => {
    const calls: string[] = [];
    const { cursor } = start(withToken(calls));
    expect(await cursor((c) => c.query('FROM own.t'))).toEqual([{ x: 1 }]);
    expect(calls).toEqual(['run', 'renew']);
  });

  test('refused: a statement that is not a SELECT does not run again, and the error says so', async () => {
    const calls: string[] = [];
    const { cursor } = start(withToken(calls));
    await cursor((c) => c.bootstrap('own'));
    const error = await rejection(cursor((c) => c.execute('CREATE TABLE copied AS FROM own.t')));
    expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable: true });
    expect(error.message).toContain('what the bootstrap step "own" sets up was out of date, and was renewed; the statement did not run again');
    expect(calls).toEqual(['run', 'renew']);
    await cursor((c) => c.execute('CREATE TABLE copied AS FROM own.t'));
  });

  test('refused repeatedly: the statement\'s own error after one renewal', async () => {
    let renewals = 0;
    const { cursor } = start(() => ({ ...withToken([]), renew: async () => void renewals++ }));
    expect(await rejection(cursor((c) => c.query('FROM own.t')))).toMatchObject({ code: 'QUERY', message: expect.stringContaining('token expired') });
    expect(renewals).toBe(1);
  });

  test('missing: the step runs, whatever its catalogs are called', async () => {
    const errors: Array<string | undefined> = [];
    const { cursor } = start({
      run: async (connection, _, { error }) => {
        errors.push(error);
        await connection.run('CREATE MACRO twice(x) AS 2 * x');
      },
      diagnose: (error, _, isDone) => (!isDone && error.includes('Scalar Function with name twice') ? 'missing' : undefined),
    });
    expect(await cursor((c) => c.query('SELECT 1 AS x'))).toEqual([{ x: 1 }]);
    expect(await cursor((c) => c.query('SELECT twice(2) AS x'))).toEqual([{ x: 4 }]);
    expect(errors).toEqual([expect.stringMatching(/^Catalog Error: Scalar Function with name twice does not exist/)]);
  });

  test('transient: a SELECT runs once more without the step, and another statement does not', async () => {
    let runs = 0;
    let asked = 0;
    const { cursor } = start({
      run: async (connection) => {
        runs += 1;
        await connection.run("ATTACH ':memory:' AS own");
        await connection.run("CREATE VIEW own.t AS SELECT error('connection lost') AS x");
      },
      diagnose: (error) => {
        if (!error.includes('connection lost')) return undefined;
        asked += 1;
        return 'transient';
      },
    });
    await cursor((c) => c.bootstrap('own'));
    expect(await rejection(cursor((c) => c.query('FROM own.t')))).toMatchObject({ code: 'QUERY' });
    expect([runs, asked]).toEqual([1, 2]);
    expect(await rejection(cursor((c) => c.execute('CREATE TABLE copied AS FROM own.t')))).toMatchObject({ code: 'QUERY' });
    expect([runs, asked]).toEqual([1, 3]);
  });

  test('undefined: the catalogs of the step decide', async () => {
    const { cursor } = start({ ...attach, diagnose: () => undefined });
    expect(await cursor((c) => c.query('SELECT count(*) AS n FROM own.t'))).toEqual([{ n: 3 }]);
  });
});

test('isStale: the step is renewed before the next statement', async () => {
  let endsAt = Infinity;
  let renewals = 0;
  const { cursor } = start({ ...attach, isStale: () => Date.now() >= endsAt, renew: async () => { renewals += 1; endsAt = Infinity; } });
  await cursor((c) => c.query('FROM own.t'));
  endsAt = 0;
  await cursor((c) => c.query('FROM own.t'));
  await cursor((c) => c.query('FROM own.t'));
  expect(renewals).toBe(1);
});

test('runsImmediately: the step has run when the first statement begins', async () => {
  const { cursor } = start({ ...attach, runsImmediately: true });
  expect(await cursor({ bootstrap: [] }, (c) => c.query('SELECT count(*) AS n FROM own.t'))).toEqual([{ n: 3 }]);
});

test('secrets: the step runs again after one was dropped', async () => {
  const { cursor } = start({
    run: async (connection) => void await connection.run("CREATE OR REPLACE TEMPORARY SECRET mine (TYPE http, BEARER_TOKEN 'x')"),
    secrets: ['mine'],
    diagnose: (error, _, isDone) => (!isDone && error.includes('"mine"') ? 'missing' : undefined),
  });
  await cursor((c) => c.bootstrap('own'));
  await cursor((c) => c.execute('DROP TEMPORARY SECRET mine'));
  await cursor((c) => c.bootstrap('own'));
  expect(await cursor((c) => c.query('SELECT name FROM duckdb_secrets()'))).toEqual([{ name: 'mine' }]);
}, 20_000);

test('a function creates the step for each DuckDB instance, with its name and configuration', async () => {
  const made: object[] = [];
  const runtime = freshRuntime(config({ steps: [own] }));
  runtime.registerBootstrapStep('own', (step) => {
    made.push(step);
    return attach;
  });
  for (const _ of [1, 2]) expect(await runtime.session((s) => s.query('SELECT count(*) AS n FROM own.t'))).toEqual([{ n: 3 }]);
  expect(made).toEqual(Array(2).fill({ name: 'own', config: { rows: 3 } }));
});

test.each([[undefined], [{}], [{ run: 1 }]])('a function that makes %j is refused where the step is needed', async (made) => {
  const runtime = freshRuntime(config({ steps: [own] }));
  runtime.registerBootstrapStep('own', () => made as unknown as BootstrapStepType);
  expect(await rejection(runtime.cursor((c) => c.query('SELECT 1')))).toMatchObject({ code: 'CONFIG', message: expect.stringContaining('expected an object with a function run') });
});

test('a type may be registered after the first query', async () => {
  const runtime = freshRuntime(config({ steps: [own] }));
  await runtime.cursor((c) => c.query('SELECT 1'));
  const calls: string[] = [];
  runtime.registerBootstrapStep('own', withToken(calls));
  expect(await runtime.cursor((c) => c.query('FROM own.t'))).toEqual([{ x: 1 }]);
  expect(calls).toEqual(['run', 'renew']);
});

describe('what the user\'s functions throw or return', () => {
  const failing: BootstrapStepType = { ...attach, run: async () => { throw new Error('no token', { cause: new Error('connect ECONNREFUSED 127.0.0.1:443') }); } };

  test.each<[string, BootstrapStepType, string]>([
    ['diagnose throws', { ...attach, diagnose: () => { throw new Error('boom'); } },
      'diagnose of the bootstrap step "own" threw: boom; it was asked about: Catalog Error: Table with name nothing does not exist'],
    ['diagnose returns another text', { ...attach, diagnose: () => 'nonsense' as 'missing' },
      'diagnose of the bootstrap step "own" returned "nonsense", expected "missing", "refused", "conflict", "transient" or undefined; it was asked about: Catalog Error'],
    ['diagnose returns a promise', { ...attach, diagnose: (async () => { throw new Error('late'); }) as unknown as () => undefined },
      'diagnose of the bootstrap step "own" returned'],
  ])('%s: the error has its own and DuckDB\'s words', async (_, type, message) => {
    const { cursor } = start(type);
    expect(await rejection(cursor((c) => c.query('FROM nothing')))).toMatchObject({ code: 'CONFIG', message: expect.stringContaining(message) });
    expect(await cursor((c) => c.query('SELECT 1 AS x'))).toEqual([{ x: 1 }]);
  });

  test.each<[string, BootstrapStepType, string]>([
    ['isStale throws', { ...attach, isStale: () => { throw new Error('boom'); } }, 'isStale of the bootstrap step "own" threw: boom'],
    ['isStale returns a promise', { ...attach, isStale: (async () => { throw new Error('late'); }) as unknown as () => boolean },
      'isStale of the bootstrap step "own" returned'],
  ])('%s', async (_, type, message) => {
    const { cursor } = start(type);
    await cursor((c) => c.query('FROM own.t'));
    expect(await rejection(cursor((c) => c.query('SELECT 1')))).toMatchObject({ code: 'CONFIG', message: expect.stringContaining(message) });
  });

  test('a function that creates the step throws', async () => {
    const runtime = freshRuntime(config({ steps: [own] }));
    runtime.registerBootstrapStep('own', () => { throw new Error('boom'); });
    expect(await rejection(runtime.cursor((c) => c.query('SELECT 1')))).toMatchObject({
      code: 'CONFIG', message: expect.stringContaining('the function that creates bootstrap steps of the type "own" threw: boom'),
    });
  });

  test.each<[string, object, string]>([
    ['isStale: true', { isStale: true }, 'has isStale: true, expected a function'],
    ['secrets as a text', { secrets: 'crm' }, 'has secrets: "crm", expected a list of texts'],
    ['a misspelt part', { renewed: () => undefined }, 'has no part "renewed"; did you mean "renew"?'],
  ])('%s is refused when it is registered', (_, part, message) => {
    const { registerBootstrapStep } = freshRuntime(config({ steps: [own] }));
    expect(() => registerBootstrapStep('own', { ...attach, ...part })).toThrow(message);
  });

  test('run throws: the error has the causes, and says itself whether to try again', async () => {
    const { cursor } = start(failing);
    expect(await rejection(cursor((c) => c.query('FROM own.t')))).toMatchObject({
      code: 'BOOTSTRAP', message: 'the bootstrap step "own" failed: no token: connect ECONNREFUSED 127.0.0.1:443',
    });
    const { cursor: never } = start({ ...attach, run: async () => { throw Object.assign(new Error('no licence'), { retryable: false }); } });
    expect(await rejection(never((c) => c.query('FROM own.t')))).toMatchObject({ code: 'BOOTSTRAP', retryable: false });
  });

  test('run attaches nothing: the error says so', async () => {
    const { cursor } = start({ run: async () => undefined });
    expect((await rejection(cursor((c) => c.query('FROM own.t')))).message).toContain('the bootstrap step "own" provides "own", but has not attached it');
  });
});

test('a run that has outlasted an invocation is given up: the next invocation begins another', async () => {
  let runs = 0;
  const runtime = start({ ...attach, run: async (...args) => (runs++ === 0 ? new Promise<void>(() => undefined) : attach.run(...args)) });
  const handler = runtime.withDuckDB(async (_event: object, _context: object) => runtime.cursor((c) => c.query('SELECT count(*) AS n FROM own.t')), { marginMs: 100 });
  const context = (milliseconds: number) => ({ getRemainingTimeInMillis: () => milliseconds });
  expect(await rejection(handler({}, context(600)))).toMatchObject({ code: 'TIMEOUT' });
  expect(await handler({}, context(20_000))).toEqual([{ n: 3 }]);
  expect(runs).toBe(2);
}, 20_000);

test('after a renewal has failed, what is stale is used for a while', async () => {
  let renewals = 0;
  const { cursor } = start({ ...attach, isStale: () => true, renew: async () => { renewals += 1; throw new Error('no token'); } });
  for (let i = 0; i < 4; i++) expect(await cursor((c) => c.query('SELECT count(*) AS n FROM own.t'))).toEqual([{ n: 3 }]);
  expect(renewals).toBe(1);
  expect(await rejection(cursor((c) => c.bootstrap('own')))).toMatchObject({ code: 'BOOTSTRAP' });
});

test('bootstrap() renews what is stale', async () => {
  let isStale = false;
  let renewals = 0;
  const { cursor } = start({ ...attach, isStale: () => isStale, renew: async () => { renewals += 1; isStale = false; } });
  await cursor((c) => c.bootstrap('own'));
  isStale = true;
  await cursor((c) => c.bootstrap('own'));
  await cursor((c) => c.bootstrap('own'));
  expect(renewals).toBe(1);
});

describe('two steps that provide one catalog', () => {
  const first = { name: 'first', type: 'first', provides: ['own'] };
  const second = { name: 'second', type: 'second', provides: ['own'] };
  const both = (add: BootstrapStepType['run']) => {
    const runtime = freshRuntime(config({ steps: [first, second] }));
    const wait = () => new Promise((resolve) => setTimeout(resolve, 50));
    runtime.registerBootstrapStep('first', { run: async (connection) => { await wait(); await connection.run("ATTACH ':memory:' AS own"); } });
    runtime.registerBootstrapStep('second', { run: add });
    return runtime;
  };
  const addTable: BootstrapStepType['run'] = async (connection) => void await connection.run('CREATE TABLE own.extra AS SELECT 1 AS x');

  test('run one after the other', async () => {
    const { cursor } = both(addTable);
    expect(await cursor((c) => c.query('FROM own.extra'))).toEqual([{ x: 1 }]);
  });

  test('the second is tried again though the first has attached the catalog', async () => {
    let attempts = 0;
    const { cursor } = both(async (...args) => { if (attempts++ === 0) throw new Error('not yet'); await addTable(...args); });
    expect(await rejection(cursor((c) => c.query('FROM own.extra')))).toMatchObject({ code: 'BOOTSTRAP' });
    expect(await cursor((c) => c.query('FROM own.extra'))).toEqual([{ x: 1 }]);
  });

  test('the second runs though the first was run alone', async () => {
    const { cursor } = both(addTable);
    await cursor((c) => c.bootstrap('first'));
    expect(await cursor((c) => c.query('FROM own.extra'))).toEqual([{ x: 1 }]);
  });
});

test('a step whose secret was dropped runs again when a statement names its catalog', async () => {
  const { cursor } = start({
    run: async (connection) => void await connection.run("ATTACH IF NOT EXISTS ':memory:' AS own; CREATE OR REPLACE TEMPORARY SECRET mine (TYPE http, BEARER_TOKEN 'x')"),
    secrets: ['mine'],
  });
  await cursor((c) => c.query('SHOW TABLES FROM own'));
  await cursor((c) => c.execute('DROP TEMPORARY SECRET mine'));
  await cursor((c) => c.query('SHOW TABLES FROM own'));
  expect(await cursor((c) => c.query('SELECT name FROM duckdb_secrets()'))).toEqual([{ name: 'mine' }]);
});
