import { scrub } from './redaction';
import { firstWord } from './sql-text';
import type { QueryTrace } from './traces';

/** How a query is described to those who trace it. */
export function queryTrace(sql: string): QueryTrace {
  const operation = firstWord(sql);
  return process.env.DUCKDB_LAMBDA_TRACE_SQL === 'true' ? { operation, sql: scrub(sql) } : { operation };
}
