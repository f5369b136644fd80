import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import * as fc from 'fast-check';
import { cases, type Case, SCALARS } from './parameter-cases';
import { duckdb } from '../../../assets/docker/versions.json';
import { cursor, type Cursor, ParameterError } from '../../../lib-runtime';
import { numberText } from '../../../lib-runtime/queries/exact-json';
import { queryParameters } from '../../../lib-runtime/queries/query-parameters';
import { pythonPackages } from '../../bed';

// A parameter is exactly what DuckDB for Python gives for the same value, or a typed error. FUZZ_RUNS
// makes more of them, FUZZ_SEED others.

const runs = Number(process.env.FUZZ_RUNS ?? 400);
const seed = Number(process.env.FUZZ_SEED ?? 20261126);

let c: Cursor;
let python: ChildProcessWithoutNullStreams;
let lines: AsyncIterator<string>;
let reader: Interface;

beforeAll(async () => {
  const environment = await pythonPackages('duckdb', [`duckdb==${duckdb}`]);
  python = spawn(join(environment, 'bin/python'), [join(__dirname, 'parameter-oracle.py')]);
  python.stderr.pipe(process.stderr);
  reader = createInterface({ input: python.stdout });
  lines = reader[Symbol.asyncIterator]();
  c = await cursor();
  await c.execute("CREATE TYPE mood AS ENUM ('sad', 'glad', 'it''s')");
}, 300_000);
afterAll(async () => {
  await c?.close();
  reader?.close();
  python?.kill();
});

/** A JSON value with the text of its numbers, which Python's JSON would read as other numbers. */
function nodeOf(value: unknown): unknown {
  if (value === null) return { kind: 'null', value };
  const number = numberText(value);
  if (number !== undefined) return { kind: 'number', value: number };
  if (Array.isArray(value)) return { kind: 'list', value: value.map(nodeOf) };
  if (typeof value === 'object') return { kind: 'object', value: Object.entries(value).map(([key, item]) => [key, nodeOf(item)]) };
  return { kind: typeof value === 'string' ? 'text' : 'flag', value };
}

async function theirs({ shape, value }: Case): Promise<unknown> {
  python.stdin.write(`${JSON.stringify({ shape, node: nodeOf(value) })}\n`);
  const { value: line, done } = await lines.next();
  if (done) throw new Error('Python has ended');
  return JSON.parse(line as string);
}

async function ours({ shape, value }: Case): Promise<unknown> {
  const parameters = await queryParameters(c, [{ name: 'p', type: shape.sql, line: 1 }], { p: value });
  const row = await c.queryOne<{ type: string; text: string | null; hash: string }>(
    'SELECT typeof(v) AS type, v::VARCHAR AS text, hash(v)::VARCHAR AS hash FROM (SELECT $p AS v)', parameters);
  return [row!.type, row!.text, row!.hash];
}

async function check(each: Case): Promise<'taken' | 'refused'> {
  try {
    const value = await ours(each);
    expect(value).toEqual(await theirs(each));
    return 'taken';
  } catch (error) {
    if (!(error instanceof ParameterError) || each.isValid) throw error;
    const type = each.shape.sql;
    expect(error.message).toMatch(/^parameter \$p\S*.* (?:is|has) /s);
    expect(error.message).toContain(type.length > 80 ? type.slice(0, 80) : type);
    return 'refused';
  }
}

test(`${runs} random values of random types`, async () => {
  const seen = new Map<string, number>();
  const property = fc.asyncProperty(cases, async (each) => {
    const outcome = await check(each);
    const key = each.shape.form === 'scalar' ? `${each.shape.sql} ${outcome}` : `${each.shape.form} ${outcome}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  });
  await fc.assert(property, { numRuns: runs, seed });
  // Neither side of the check is empty.
  for (const form of ['list', 'array', 'struct', 'map', 'union']) for (const outcome of ['taken', 'refused']) expect(seen.get(`${form} ${outcome}`)).toBeGreaterThan(0);
  if (runs >= 10_000) for (const type of SCALARS) expect([type, seen.get(`${type} taken`)]).toEqual([type, expect.any(Number)]);
}, 60_000 + runs * 50);
