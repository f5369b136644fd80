import { scrub } from '../base/redaction';
import type { Statement } from '../execution/statement';
import type { QueryTrace } from '../observe/traces';

/** The description of a query for subscribers of its trace, on an instance that spills to `tempDirectory`. */
export function queryTrace({ operation, sql }: Statement, tempDirectory: string): QueryTrace {
  const trace = { operation, tempDirectory };
  return process.env.DUCKDB_LAMBDA_TRACE_SQL === 'true' ? { ...trace, sql: scrub(sql) } : trace;
}
