import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { CORPUS, SCRIPTS } from './corpus';
import { cursor, type Cursor, DuckDbError } from '../../lib-runtime';

// DuckDB's own behaviour is untouched: what a cursor gives is what the raw client gives. Refused beyond that are only: empty SQL, values of a
// list before a script's last statement, files that another instance of the process has, results beyond a limit, and STRUCTs without names, of
// which the client keeps one field. More is kept than the client keeps: of `1 AS a, 2 AS a, 3 AS "a:1"` it loses the second, and JSON it
// calls VARCHAR, of which that is an alias.

let c: Cursor;
let instance: DuckDBInstance;
let raw: DuckDBConnection;
let ours: string;
let theirs: string;

beforeAll(async () => {
  [ours, theirs] = ['ours', 'raws'].map((name) => mkdtempSync(join(tmpdir(), `corpus-${name}-`))) as [string, string];
  c = await cursor();
  instance = await DuckDBInstance.create(':memory:', { allow_persistent_secrets: 'false' });
  raw = await instance.connect();
  await raw.run("SET GLOBAL TimeZone = 'UTC'");
});
afterAll(async () => {
  await c.close();
  raw.closeSync();
  instance.closeSync();
  for (const directory of [ours, theirs]) rmSync(directory, { recursive: true });
});

interface Outcome { rows?: unknown; columns?: unknown; error?: string; duckdbType?: string }

async function throughCursor(sql: string): Promise<Outcome> {
  try {
    const { rows, columns } = await c.queryResult(sql.replaceAll('FILES', ours), undefined, { rows: 'duckdb' });
    return { rows, columns: columns.map(({ name, type }) => `${name} ${type}`) };
  } catch (error) {
    return error instanceof DuckDbError && error.code === 'QUERY'
      ? { error: (error.cause as Error).message, duckdbType: error.duckdbType }
      : { error: `not DuckDB's: ${error}` };
  }
}

async function throughRaw(sql: string, run: (text: string) => ReturnType<DuckDBConnection['run']>): Promise<Outcome> {
  try {
    const result = await run(sql.replaceAll('FILES', theirs));
    const names = result.deduplicatedColumnNames();
    return { rows: await result.getRowObjects(), columns: result.columnTypes().map((type, i) => `${names[i]} ${type.alias ?? type}`) };
  } catch (error) {
    const { message } = error as Error;
    return { error: message, duckdbType: /^(?:Failed to extract statements: )?([\w ]+ Error): /.exec(message)?.[1] };
  }
}

/** The same text for both directories, and for figures that are a run's own. */
function comparable(outcome: Outcome): string {
  const text = JSON.stringify(outcome, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
  return text.replaceAll(ours, 'FILES').replaceAll(theirs, 'FILES');
}

async function lastOf(sql: string): ReturnType<DuckDBConnection['run']> {
  const statements = await raw.extractStatements(sql);
  for (let i = 0; i < statements.count - 1; i++) await (await statements.prepare(i)).run();
  return (await statements.prepare(statements.count - 1)).run();
}

test('the corpus is of every kind', () => expect(CORPUS.length + SCRIPTS.length).toBeGreaterThan(200));

test.each(CORPUS.map((sql) => [sql]))('%s', async (sql) => {
  expect(comparable(await throughCursor(sql))).toBe(comparable(await throughRaw(sql, (text) => raw.run(text))));
});

test.each(SCRIPTS.map((sql) => [sql]))('%s', async (sql) => {
  expect(comparable(await throughCursor(sql))).toBe(comparable(await throughRaw(sql, lastOf)));
});
