import { spawnSync } from 'child_process';
import * as path from 'path';
import { IConstruct } from 'constructs';
import { DuckDbQuery } from '../duckdb-query';
import { PerApp } from '../per-app';

/** A query whose file was checked. */
export interface CheckedQuery extends DuckDbQuery {
  /** Its file, relative to the folder, with `/` between folders. */
  readonly file: string;
  /** The time that its file allows for a run. */
  readonly timeoutSeconds?: number;
}

/** The queries of a folder. */
export interface CheckedQueries {
  readonly queries: CheckedQuery[];
  /** Whether DuckDB has parsed their SQL. */
  readonly isParsed: boolean;
  /** The OpenAPI document of the queries, as JSON. */
  readonly openApi: string;
}

interface Report extends CheckedQueries {
  readonly errors: string[];
}

/** The reports by the arguments of the program. */
const reports = new PerApp<Report>();

/** The program that reads query files with the runtime's own grammar. */
const CHECKER = path.join(__dirname, '..', '..', 'runtime', 'check-queries.js');

/** Many times what a large folder takes. */
const TIMEOUT_MS = 60_000;

/** More than any report, so that many errors do not end the program. */
const MAX_REPORT_BYTES = 64 * 1024 * 1024;

/**
 * Checks the query files of a folder in a process of its own, because DuckDB's client is asynchronous and a constructor is not. All errors
 * of all files become one error. Within an app, a folder is checked once for the same client and databases.
 *
 * @param client    the folder from which DuckDB's client can be required, to parse the SQL; undefined checks what text alone tells
 * @param databases the names of the function's databases
 */
export function checkQueries(
  app: IConstruct, folder: string, client: string | undefined, databases: string[], at: string, timeoutMs = TIMEOUT_MS,
): CheckedQueries {
  const args = [folder, '--openapi', ...(client === undefined ? [] : [`--client=${client}`]), ...databases.map((name) => `--database=${name}`)];
  const { queries, errors, isParsed, openApi } = reports.get(app, JSON.stringify(args), () => runChecker(args, timeoutMs, at));
  if (errors.length > 0) throw new Error(`the queries of ${at} have ${errors.length === 1 ? 'an error' : `${errors.length} errors`}:\n${errors.join('\n')}`);
  if (queries.length === 0) {
    throw new Error(`${at} has no queries: no file in ${folder} or in the folders below ends in .sql; write one, such as monthly-sales.sql`);
  }
  return { queries, isParsed, openApi };
}

function runChecker(args: string[], timeout: number, at: string): Report {
  const { stdout, stderr, status, signal, error } = spawnSync(process.execPath, [CHECKER, ...args], {
    encoding: 'utf8', timeout, killSignal: 'SIGKILL', maxBuffer: MAX_REPORT_BYTES,
  });
  const fail = (how: string) => {
    const output = (stderr ?? '').trim().split('\n').slice(0, 20).join('\n');
    return new Error(`cannot check the queries of ${at}: ${[process.execPath, CHECKER, ...args].join(' ')} ${how}${output && `:\n${output}`}`, { cause: error });
  };
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT') throw fail(`did not end within ${timeout / 1000} s`);
  if (error) throw fail(`did not run (${error.message})`);
  if (status !== 0) throw fail(`ended with ${signal ?? `the exit code ${status}`}`);
  try {
    return JSON.parse(stdout);
  } catch {
    throw fail('wrote no report; something else may write to its output, such as a module in NODE_OPTIONS');
  }
}
