import { scrub } from '../base/redaction';
import { firstWord } from '../base/sql-text';
import type { QueryTrace } from '../observe/traces';

/** How a query is described to those who trace it. */
export function queryTrace(sql: string): QueryTrace {
  const operation = firstWord(sql);
  return process.env.DUCKDB_LAMBDA_TRACE_SQL === 'true' ? { operation, sql: scrub(sql) } : { operation };
}
