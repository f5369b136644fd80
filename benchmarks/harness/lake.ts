import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { interleaved } from './interleaved';
import { describeThisProcess } from './machine';
import { repositoryRoot, type S3Server } from '../../test/bed';
import { extensionFile } from '../../test/lib-runtime/signed-extensions';
import type { Row, Table } from '../report/table';

const run = promisify(execFile);
/** The files of the table that is read. */
export const FILES = 4;
const OURS = 'this library';
const BY_HAND = 'DuckDB by hand';
const DELAYS_MS = [1, 25];
const STEPS = { open: 'open DuckDB, LOAD', attach: 'ATTACH', first: 'first read', repeat: 'repeat', append: 'append a row' } as const;

type Taken = Readonly<Record<keyof typeof STEPS, number>>;

/** A lake that fresh processes use. */
export interface Lake {
  /** The name of the bootstrap step and of its catalog. */
  readonly name: string;
  /** The runtime's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What DuckDB's client alone loads and runs. */
  readonly byHand: { readonly extensions: readonly string[]; readonly secret: string; readonly attach: string };
  /** The table of numbers that is read, and the one that gets a row. */
  readonly tables: { readonly read: string; readonly append: string };
  /** Sets the milliseconds before each answer of the catalog and of S3. */
  setDelay(milliseconds: number): Promise<void>;
}

/** Writes the tables of a lake, and measures fresh processes that use it. */
export async function lakeTable(lake: Lake, { title, notes }: Pick<Table, 'title' | 'notes'>, runs: number, progress: (message: string) => void): Promise<Table> {
  const { read, append } = lake.tables;
  progress('writing the table');
  await inLake(lake, `CREATE TABLE ${append} AS SELECT 0 AS i; CREATE TABLE ${read} AS ${part(0)}`);
  for (let file = 1; file < FILES; file++) await inLake(lake, `INSERT INTO ${read} ${part(file)}`);
  return {
    title,
    conditions: 'delay, step',
    unit: 'ms',
    contenders: [OURS, BY_HAND],
    ratios: [{ of: OURS, to: BY_HAND }],
    rows: await lakeRows(lake, runs, progress),
    notes,
    machine: describeThisProcess(),
    ownPage: true,
  };
}

/** SQL that lets DuckDB by hand reach a bucket. */
export function s3Secret({ accessKeyId, secretAccessKey, region, endpoint }: S3Server, bucket: string): string {
  return `CREATE SECRET (TYPE s3, KEY_ID '${accessKeyId}', SECRET '${secretAccessKey}', REGION '${region}', ENDPOINT '${new URL(endpoint).host}',
      URL_STYLE 'path', USE_SSL false, SCOPE 's3://${bucket}/')`;
}

/** Runs SQL in a process that has this library. */
export async function inLake(lake: Lake, sql: string): Promise<void> {
  await once(lake, 'library', 'SELECT 1', sql);
}

/** The rows of a table: each step in a fresh process, near and far. */
async function lakeRows(lake: Lake, runs: number, progress: (message: string) => void): Promise<Row[]> {
  const measured: Row[] = [];
  for (const delay of DELAYS_MS) {
    progress(`${delay} ms`);
    await lake.setDelay(delay);
    const use = (contender: string) => () => once(lake, contender, `SELECT sum(i) FROM ${lake.tables.read}`, `INSERT INTO ${lake.tables.append} VALUES (1)`);
    const taken = await interleaved({ [OURS]: use('library'), [BY_HAND]: use('hand') }, runs);
    for (const [step, title] of Object.entries(STEPS)) {
      const series = Object.fromEntries(Object.entries(taken).map(([name, each]) => [name, each.map((one) => one[step as keyof Taken])]));
      measured.push({ condition: `${delay} ms, ${title}`, measured: series });
    }
  }
  return measured;
}

/** 100,000 rows, one part of the table that is read. */
function part(number: number): string {
  return `SELECT range + ${number * 100_000} AS i, (hash(range) >> 1)::BIGINT AS noise FROM range(100000)`;
}

async function once({ name, env, byHand }: Lake, contender: string, read: string, append: string): Promise<Taken> {
  const extensions = byHand.extensions.map((extension) => extensionFile(env.DUCKDB_EXTENSIONS_DIR!, extension));
  const program = join(repositoryRoot, 'benchmarks/process/lake.mjs');
  const { stdout } = await run(process.execPath, [program, contender, name, read, append], {
    env: { ...process.env, ...env, BY_HAND: JSON.stringify({ ...byHand, extensions }) },
  });
  return JSON.parse(stdout);
}
