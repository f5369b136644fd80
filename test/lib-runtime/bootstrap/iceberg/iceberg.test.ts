import { type IcebergBed, startIcebergBed, WRITE } from './iceberg-bed';
import { describeWith } from '../../../bed/require';
import { freshRuntime, type Runtime } from '../../fresh-runtime';
import { rejection } from '../../rejection';

describeWith(['openssl', 'icebergRest'], 'IcebergStep, over a REST catalog', () => {
  let bed: IcebergBed;
  let writer: Runtime;

  beforeAll(async () => {
    bed = await startIcebergBed();
    writer = freshRuntime(await bed.environment([bed.step(WRITE)]));
    await writer.cursor((c) => c.execute('CREATE SCHEMA iceberg.db'));
  }, 60_000);
  afterAll(() => bed?.stop());

  /** A table of its own for a test. */
  let tables = 0;
  async function table(columns = "SELECT i::INTEGER AS id, 'row ' || i AS name FROM range(3) t(i)"): Promise<string> {
    const name = `iceberg.db.t${tables += 1}`;
    await writer.cursor((c) => c.execute(`CREATE TABLE ${name} AS ${columns}`));
    return name;
  }

  async function reader(changes: object = {}): Promise<Runtime> {
    return freshRuntime(await bed.environment([bed.step(changes)]));
  }

  test('creates, appends, updates, deletes, merges and travels in time', async () => {
    const { cursor } = writer;
    const name = await table();
    await cursor(async (c) => {
      const rows = () => c.query(`FROM ${name} ORDER BY id`);
      expect(await rows()).toEqual([{ id: 0, name: 'row 0' }, { id: 1, name: 'row 1' }, { id: 2, name: 'row 2' }]);
      expect(await c.execute(`INSERT INTO ${name} VALUES (3, 'row 3')`)).toEqual({ rowsChanged: 1 });
      expect(await c.execute(`UPDATE ${name} SET name = 'changed' WHERE id = 1`)).toEqual({ rowsChanged: 1 });
      expect(await c.execute(`DELETE FROM ${name} WHERE id = 0`)).toEqual({ rowsChanged: 1 });
      await c.execute(`MERGE INTO ${name} t USING (VALUES (2, 'merged'), (4, 'new')) s(id, name) ON t.id = s.id
        WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT`);
      expect(await rows()).toEqual([{ id: 1, name: 'changed' }, { id: 2, name: 'merged' }, { id: 3, name: 'row 3' }, { id: 4, name: 'new' }]);
      const snapshots = await c.query(`SELECT snapshot_id::VARCHAR AS id FROM iceberg_snapshots(${name}) ORDER BY sequence_number`);
      // MERGE makes one for what it changes and one for what it adds.
      expect(snapshots).toHaveLength(6);
      expect(await c.queryOne(`SELECT count(*) AS n FROM ${name} AT (VERSION => ${snapshots[0]!.id})`)).toEqual({ n: 3 });
      expect(await c.queryOne(`SELECT count(*) AS n FROM ${name} AT (VERSION => ${snapshots[1]!.id})`)).toEqual({ n: 4 });
    });
  });

  test('reads with more threads than vCPUs, because each waits for its own request', async () => {
    const name = await table();
    const { cursor } = await reader();
    const threads = () => cursor((c) => c.queryOne("SELECT current_setting('threads')::INT AS n"));
    const read = cursor((c) => c.query(`SELECT count(*), current_setting('threads')::INT AS n FROM ${name}`));
    expect((await read)[0]!.n).toBeGreaterThan(1);
    expect(await threads()).toEqual({ n: 1 });
  });

  test('reads with the step\'s own secret, and refuses to write', async () => {
    const name = await table();
    const { cursor } = await reader();
    expect(await cursor((c) => c.queryOne(`SELECT count(*) AS n FROM ${name}`))).toEqual({ n: 3 });
    expect(await cursor((c) => c.query('SELECT name, scope[1] AS scope FROM duckdb_secrets()'))).toEqual([{ name: 'iceberg data', scope: 's3://warehouse/' }]);
    expect(await rejection(cursor((c) => c.execute(`INSERT INTO ${name} VALUES (3, 'row 3')`)))).toMatchObject({ code: 'QUERY', message: expect.stringContaining('read-only') });
  });
});
