import { type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type IcebergBed, startIcebergBed, WRITE } from './iceberg-bed';
import { describeWith } from '../../../bed/require';
import { freshRuntime, type Runtime } from '../../fresh-runtime';
import type { Fault } from '../../front';
import { rejection } from '../../rejection';
import { says } from '../../says';

/** LAKE_INSERTS=25 takes half a minute. */
const INSERTS = Number(process.env.LAKE_INSERTS ?? 8);

describeWith(['openssl', 'icebergRest'], 'writers to an Iceberg catalog', () => {
  let bed: IcebergBed;
  let runtime: Runtime;
  let tables = 0;
  let table: string;

  beforeAll(async () => {
    bed = await startIcebergBed();
    runtime = freshRuntime(await bed.environment([bed.step(WRITE)]));
    await runtime.cursor((c) => c.execute('CREATE SCHEMA iceberg.db'));
  }, 60_000);
  afterAll(() => bed?.stop());

  beforeEach(async () => {
    table = `iceberg.db.t${tables += 1}`;
    await runtime.cursor((c) => c.execute(`CREATE TABLE ${table} AS SELECT 0 AS id`));
  });
  afterEach(() => {
    bed.catalog.fault = () => undefined;
  });

  const isCommit = ({ method, url }: IncomingMessage) => method === 'POST' && url!.includes('/tables/t');
  /** The next commits get `faults`, one each. Returns how many commits came. */
  function atCommit(...faults: (Fault | undefined)[]): () => number {
    let commits = 0;
    bed.catalog.fault = (_what, _count, request) => (isCommit(request) ? faults[(commits += 1) - 1] : undefined);
    return () => commits;
  }
  const insert = () => runtime.cursor((c) => c.execute(`INSERT INTO ${table} VALUES (1)`));
  const ids = async () => (await runtime.cursor((c) => c.query(`FROM ${table} ORDER BY id`))).map(({ id }) => id);

  /** What another writer asks the catalog for. */
  const post = (path: string, body: object) => fetch(`${bed.rest.endpoint}/v1/namespaces/db/tables${path}`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  });

  test('a conflict with another writer is tried again', async () => {
    const commits = atCommit({ status: 409 }, { status: 409 });
    expect(await insert()).toEqual({ rowsChanged: 1 });
    expect([commits(), await ids()]).toEqual([3, [0, 1]]);
  });

  describe('without pauses', () => {
    beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(-0.5));
    afterEach(() => jest.restoreAllMocks());
    const conflicts = (count: number) => Array.from({ length: count }, () => ({ status: 409 }));

    test('twenty conflicts are tried again', async () => {
      atCommit(...conflicts(20));
      expect([await insert(), await ids()]).toEqual([{ rowsChanged: 1 }, [0, 1]]);
    });

    test('a conflict that lasts is an error, and nothing was written', async () => {
      atCommit(...conflicts(21));
      expect(await rejection(insert())).toMatchObject({ code: 'QUERY', retryable: true, message: expect.stringContaining('another writer committed first') });
      expect(await ids()).toEqual([0]);
    });

    test('after a statement that is committed, one that lasts is no reason to run the script again', async () => {
      atCommit(undefined, ...conflicts(21));
      const script = runtime.cursor((c) => c.execute(`INSERT INTO ${table} VALUES (1); INSERT INTO ${table} VALUES (2)`));
      expect(await rejection(script)).toMatchObject({ code: 'COMMIT_UNKNOWN', retryable: false, message: expect.stringContaining('run only the rest again') });
      expect(await ids()).toEqual([0, 1]);
    });
  });

  test('a table that another writer creates at the same time is there, if that is enough', async () => {
    let creations = 0;
    bed.catalog.fault = (_what, _count, { method, url }) => (method === 'POST' && url!.endsWith('/tables') && (creations += 1) === 1 ? { status: 409 } : undefined);
    const create = (words: string) => runtime.cursor((c) => c.execute(`CREATE TABLE ${words} ${table}_2 (id INTEGER)`));
    await create('IF NOT EXISTS');
    expect(creations).toBe(2);
    expect(await rejection(create(''))).toMatchObject({ message: expect.stringContaining('already exists') });
  });

  test('partitions are not reset, because DuckDB loses the table with the next delete', async () => {
    const refused = { code: 'QUERY', retryable: false, message: expect.stringMatching(/^RESET PARTITIONED BY is refused/) };
    await runtime.cursor(async (c) => {
      await c.execute(`ALTER TABLE ${table} SET PARTITIONED BY (id)`);
      expect(await rejection(c.execute(`alter table ${table} /* all */ reset partitioned BY;`))).toMatchObject(refused);
      await c.execute('USE iceberg.db');
      expect(await rejection(c.execute(`SELECT 1; ALTER TABLE ${table.slice('iceberg.db.'.length)} RESET PARTITIONED BY`))).toMatchObject(refused);
    });
    // Another catalog answers for itself.
    const other = runtime.cursor((c) => c.execute('CREATE TEMP TABLE other (i INTEGER); ALTER TABLE other RESET PARTITIONED BY'));
    expect(await rejection(other)).not.toMatchObject(refused);
    expect(await ids()).toEqual([0]);
  });

  describe('a table whose partitions were changed is told as that', () => {
    const refused = { code: 'QUERY', retryable: false, message: expect.stringContaining('does not handle the changed partitions') };
    const partitioned = async (format: number) => {
      await runtime.cursor((c) => c.execute(`CREATE TABLE ${table}_p (id INTEGER, v VARCHAR) PARTITIONED BY (v) WITH ('format-version' = '${format}');` +
        `INSERT INTO ${table}_p VALUES (1, 'a'), (2, 'b')`));
    };
    const remove = () => runtime.cursor((c) => c.execute(`DELETE FROM ${table}_p WHERE id = 1`));
    const count = () => runtime.cursor((c) => c.queryOne(`SELECT count(*) AS n FROM ${table}_p`));

    test.each([2, 3])('with a field in both, format %d', async (format) => {
      await partitioned(format);
      await runtime.cursor((c) => c.execute(`ALTER TABLE ${table}_p SET PARTITIONED BY (v, bucket(4, id)); INSERT INTO ${table}_p VALUES (3, 'c')`));
      const error = await rejection(remove());
      expect(error).toMatchObject(refused);
      says('ICEBERG.partitionedTwice', error.message);
      expect(await count()).toEqual({ n: 3 });
    });

    test('with a field that another writer has removed', async () => {
      await partitioned(3);
      const updates = [{ action: 'add-spec', spec: { 'spec-id': 1, 'fields': [] } }, { 'action': 'set-default-spec', 'spec-id': -1 }];
      const changed = await post(`/${table.slice('iceberg.db.'.length)}_p`, { requirements: [], updates });
      expect(changed.status).toBe(200);
      await runtime.cursor((c) => c.execute(`UPDATE ${table}_p SET v = 'z' WHERE id = 2; INSERT INTO ${table}_p VALUES (3, 'c')`));
      const error = await rejection(remove());
      expect(error).toMatchObject(refused);
      says('ICEBERG.partitionRemoved', error.message);
    });
  });

  test.each(['tä', 'ö'])('a name that is not ASCII (%s) is no reason for a riddle', async (letters) => {
    const schema = `iceberg."${letters === 'ö' ? 'nö' : 'db'}"`;
    const name = `${schema}."${letters}"`;
    await runtime.cursor((c) => c.execute(`CREATE SCHEMA IF NOT EXISTS ${schema}; CREATE TABLE ${name} (id INTEGER); INSERT INTO ${name} VALUES (1), (2)`));
    const error = await rejection(runtime.cursor((c) => c.execute(`DELETE FROM ${name} WHERE id = 1`)));
    expect(error).toMatchObject({ code: 'QUERY', retryable: false, message: expect.stringContaining('whose location is not ASCII') });
    says('ICEBERG.nonAsciiFile', error.message);
  });

  test('a type that Iceberg or DuckDB lacks is not an answer of the catalog', async () => {
    const own = { code: 'QUERY', retryable: false, message: expect.not.stringContaining('hint') };
    expect(await rejection(runtime.cursor((c) => c.execute(`CREATE TABLE ${table}_a (x INTEGER[3])`)))).toMatchObject(own);
    const created = await post('', {
      name: 'nanoseconds',
      properties: { 'format-version': '3' },
      schema: { type: 'struct', fields: [{ id: 1, name: 'at', required: false, type: 'timestamptz_ns' }] },
    });
    expect(created.status).toBe(200);
    expect(await rejection(runtime.cursor((c) => c.query('FROM iceberg.db.nanoseconds')))).toMatchObject(own);
  });

  test('a lost answer to CREATE SCHEMA says what to look for', async () => {
    bed.catalog.fault = (_what, _count, { method, url }) => (method === 'POST' && url!.endsWith('/namespaces') ? { status: 503, after: true } : undefined);
    expect(await rejection(runtime.cursor((c) => c.execute('CREATE SCHEMA iceberg.lost'))))
      .toMatchObject({ code: 'COMMIT_UNKNOWN', message: expect.stringContaining('is there: a schema') });
  });

  test.each<[string, Fault, number[]]>([
    ['503 after the commit', { status: 503, after: true }, [0, 1]],
    ['500 after the commit', { status: 500, body: '{"error":{"message":"busy","type":"X","code":500}}', after: true }, [0, 1]],
    ['503 instead of the commit', { status: 503 }, [0]],
    ['408 after the commit', { status: 408, after: true }, [0, 1]],
    ['504 after the commit', { status: 504, after: true }, [0, 1]],
    ['no answer after the commit, and the end of the connection', { close: true, after: true }, [0, 1]],
    ['a broken connection after the commit', { reset: true, after: true }, [0, 1]],
  ])('%s: the state is unknown, the commit was sent once, and no file is deleted', async (_, fault, expected) => {
    const commits = atCommit(fault);
    const error = await rejection(insert());
    expect(error).toMatchObject({ code: 'COMMIT_UNKNOWN', name: 'CommitUnknownError', retryable: false, message: expect.stringContaining('iceberg_snapshots') });
    says('ICEBERG.commitFailed', error.message);
    expect([commits(), await ids()]).toEqual([1, expected]);
  });

  test('an answer that comes after the deadline: the state is unknown', async () => {
    bed.catalog.fault = async (_what, _count, request) => (isCommit(request) ? { hang: true, after: true } : undefined);
    const late = runtime.cursor({ signal: AbortSignal.timeout(1000) }, (c) => c.execute(`INSERT INTO ${table} VALUES (1)`));
    expect(await rejection(late)).toMatchObject({ code: 'COMMIT_UNKNOWN', retryable: false, message: expect.stringMatching(/^the deadline passed .*iceberg_snapshots/s) });
    bed.catalog.fault = () => undefined;
    expect(await ids()).toEqual([0, 1]);
  });

  test('a deadline before the commit: an ordinary time-out, and nothing is committed later', async () => {
    let reads = 0;
    bed.catalog.fault = async (_what, _count, { method }) => {
      if (method === 'GET' && (reads += 1) === 1) await sleep(1500);
      return undefined;
    };
    const late = runtime.cursor({ signal: AbortSignal.timeout(1000) }, (c) => c.execute(`INSERT INTO ${table} VALUES (1)`));
    expect(await rejection(late)).toMatchObject({ code: 'TIMEOUT', retryable: true });
    await sleep(2000);
    expect(await ids()).toEqual([0]);
  });

  describe('in a transaction', () => {
    const write = () => runtime.cursor((c) => c.transaction(async (t) => {
      await t.execute(`INSERT INTO ${table} VALUES (1)`);
      await t.execute(`INSERT INTO ${table} VALUES (2)`);
    }));

    test('rows are committed together', async () => {
      const commits = atCommit();
      await write();
      expect([commits(), await ids()]).toEqual([1, [0, 1, 2]]);
    });

    test('a conflict is an error, and the whole transaction can run again', async () => {
      atCommit({ status: 409 });
      expect(await rejection(write())).toMatchObject({ code: 'QUERY', retryable: true, message: expect.stringContaining('or its transaction, again') });
      await write();
      expect(await ids()).toEqual([0, 1, 2]);
    });

    test.each([[409, 1], [409, 2], [403, 2]])('with two tables, %d at commit %d: a part may be committed', async (status, at) => {
      const other = `${table}_other`;
      await runtime.cursor((c) => c.execute(`CREATE TABLE ${other} AS SELECT 0 AS id`));
      const commits = atCommit(...at === 1 ? [] : [undefined], { status });
      const both = () => runtime.cursor((c) => c.transaction(async (t) => {
        await t.execute(`INSERT INTO ${table} VALUES (1)`);
        await t.execute(`DELETE FROM ${other}`);
      }));
      const error = await rejection(both());
      expect(error).toMatchObject({ code: 'COMMIT_UNKNOWN', retryable: false, message: expect.stringContaining(`several tables (${table}, ${other})`) });
      expect(commits()).toBe(at);
      const [count] = await runtime.cursor((c) => c.query(`SELECT (SELECT count(*) FROM ${table})::INT AS one, (SELECT count(*) FROM ${other})::INT AS other`));
      expect(at === 1 ? [count] : [{ one: 2, other: 1 }, { one: 1, other: 0 }]).toContainEqual(at === 1 ? { one: 1, other: 1 } : count);
      // Nothing of it is left for the next transaction.
      atCommit({ status: 409 });
      expect(await rejection(write())).toMatchObject({ code: 'QUERY', retryable: true });
    });

    test('a lost answer leaves the state unknown', async () => {
      const commits = atCommit({ close: true, after: true });
      expect(await rejection(write())).toMatchObject({ code: 'COMMIT_UNKNOWN', retryable: false });
      expect([commits(), await ids()]).toEqual([1, [0, 1, 2]]);
    });

    test('and so does an answer after the deadline', async () => {
      atCommit({ hang: true, after: true });
      const late = runtime.cursor({ signal: AbortSignal.timeout(1000) }, (c) => c.transaction((t) => t.execute(`INSERT INTO ${table} VALUES (1)`)));
      expect(await rejection(late)).toMatchObject({ code: 'COMMIT_UNKNOWN', retryable: false });
    });
  });

  test('requests other than a commit are repeated as ever', async () => {
    let reads = 0;
    bed.catalog.fault = (_what, _count, { method }) => (method === 'GET' && (reads += 1) === 1 ? { status: 503 } : undefined);
    let puts = 0;
    bed.data.fault = (what) => (what.startsWith('PUT') || what.includes('PAR1') ? ((puts += 1) === 1 ? { status: 503 } : undefined) : undefined);
    const { cursor } = freshRuntime(await bed.environment([bed.step(WRITE)]));
    expect(await cursor((c) => c.execute(`INSERT INTO ${table} VALUES (1)`)).finally(() => { bed.data.fault = () => undefined; })).toEqual({ rowsChanged: 1 });
    expect([reads, puts].every((count) => count > 1)).toBe(true);
    expect(await cursor((c) => c.queryOne("SELECT current_setting('http_retries')::INT AS retries, current_setting('httpfs_connection_caching') AS kept")))
      .toEqual({ retries: 3, kept: true });
  });

  test(`four writers with ${INSERTS} rows each: every row is there once`, async () => {
    const write = async (writer: number, run: Runtime) => {
      let tries = 0;
      for (let row = 0; row < INSERTS;) {
        const id = 1000 * writer + row;
        tries += 1;
        try {
          await run.cursor((c) => c.execute(`INSERT INTO ${table} VALUES (${id})`));
          row += 1;
        } catch (error) {
          // As a caller does.
          if (!(error as { retryable?: boolean }).retryable) throw error;
        }
      }
      return tries;
    };
    const environment = await bed.environment([bed.step(WRITE)]);
    const writers = Array.from({ length: 4 }, () => freshRuntime(environment));
    await Promise.all(writers.map((each, index) => write(index + 1, each)));
    const expected = [1, 2, 3, 4].flatMap((writer) => Array.from({ length: INSERTS }, (_, row) => 1000 * writer + row));
    expect(await ids()).toEqual([0, ...expected]);
  }, 30_000 + 3_000 * INSERTS);

  test.each([401, 403, 404, 419])('%d at the commit: refused, and nothing was written', async (status) => {
    const commits = atCommit({ status });
    expect(await rejection(insert())).toMatchObject({ code: 'QUERY', message: expect.stringMatching(/^TransactionContext Error: .*hint: the catalog "iceberg" /s) });
    expect([commits(), await ids()]).toEqual([1, [0]]);
  });
});
