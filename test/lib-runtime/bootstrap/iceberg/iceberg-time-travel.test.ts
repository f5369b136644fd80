import { type IcebergBed, startIcebergBed, WRITE } from './iceberg-bed';
import { describeWith } from '../../../bed/require';
import { freshRuntime, type Runtime } from '../../fresh-runtime';
import { rejection } from '../../rejection';

describeWith(['openssl', 'icebergRest'], 'reading an Iceberg table as of a time', () => {
  let bed: IcebergBed;
  let runtime: Runtime;

  beforeAll(async () => {
    bed = await startIcebergBed();
    runtime = freshRuntime(await bed.environment([bed.step(WRITE)]));
    await runtime.cursor((c) => c.execute('CREATE SCHEMA iceberg.db; CREATE TABLE iceberg.db."T" AS FROM range(3) r(id); CREATE TABLE iceberg.db.empty (id INT)'));
  }, 60_000);
  afterAll(() => bed?.stop());

  const T = 'iceberg.db."T"';
  const count = (at: string, parameters?: object) => (
    runtime.cursor((c) => c.query(`SELECT count(*) AS n FROM ${T} AT (${at})`, parameters as Record<string, unknown>))
  );

  test.each<[string, object | undefined]>([
    ["TIMESTAMP => TIMESTAMP '2001-01-01'", undefined],
    ["timestamp => /* early */ '2001-01-01 00:00:00'", undefined],
    ["TIMESTAMP => TIMESTAMPTZ '2001-01-01 00:00:00+05'", undefined],
    ["TIMESTAMP => date_trunc('day', TIMESTAMP '2001-01-01')", undefined],
    ['TIMESTAMP => $then', { then: '2001-01-01' }],
    ['TIMESTAMP => $THEN', { then: new Date(0) }],
    ['TIMESTAMP => ?', ['2001-01-01']],
    ['TIMESTAMP => $1', ['2001-01-01']],
  ])('before its oldest snapshot is an error: AT (%s)', async (at, parameters) => {
    const error = await rejection(count(at, parameters));
    expect(error).toMatchObject({ code: 'QUERY', retryable: false });
    expect(error.message).toMatch(/^iceberg\.db\."T" has no snapshot of .+ or before: the oldest that is kept is of \d{4}-\d\d-\d\d [\d:.]+ UTC\. DuckDB would find no rows; /);
  });

  test.each<[string, object | undefined]>([
    ['TIMESTAMP => now()', undefined],
    ['TIMESTAMP => $then', { then: '2999-01-01' }],
    ["TIMESTAMP => TIMESTAMPTZ '2999-01-01 00:00:00+05'", undefined],
  ])('after it reads: AT (%s)', async (at, parameters) => {
    expect(await count(at, parameters)).toEqual([{ n: 3 }]);
  });

  test('each of a statement\'s tables and parameters is looked at', async () => {
    const sql = `SELECT $2 AS two, (SELECT count(*) FROM ${T} AS t AT (TIMESTAMP => now())) AS now, (SELECT count(t.id) FROM range(1), ${T} t AT (TIMESTAMP => $1)) AS n`;
    const ask = (then: string) => runtime.cursor((c) => c.query(sql, [then, 2]));
    expect(await ask('2999-01-01')).toEqual([{ two: 2, now: 3, n: 3 }]);
    expect(await rejection(ask('2001-01-01'))).toMatchObject({ code: 'QUERY', message: expect.stringContaining('has no snapshot of $1 or before') });
  });

  test('a table without snapshots has no rows at any time', async () => {
    expect(await runtime.cursor((c) => c.query("FROM iceberg.db.empty AT (TIMESTAMP => TIMESTAMP '2001-01-01')"))).toEqual([]);
  });

  test('costs one request for each table, and nothing otherwise', async () => {
    const requests = async (sql: string) => {
      const before = bed.catalog.requests.length;
      await runtime.cursor((c) => c.query(sql));
      return bed.catalog.requests.length - before;
    };
    expect(await requests(`FROM ${T}`)).toBe(1);
    expect(await requests(`FROM ${T} AT (TIMESTAMP => now())`)).toBe(2);
    expect(await requests(`SELECT 'AT (TIMESTAMP => 1)' FROM ${T}`)).toBe(1);
  });

  test('in a process that has not attached the catalog yet', async () => {
    const { cursor } = freshRuntime(await bed.environment([bed.step()]));
    expect(await rejection(cursor((c) => c.query(`FROM ${T} AT (TIMESTAMP => TIMESTAMP '2001-01-01')`)))).toMatchObject({
      code: 'QUERY', message: expect.stringContaining("has no snapshot of TIMESTAMP '2001-01-01' or before"),
    });
  });
});
