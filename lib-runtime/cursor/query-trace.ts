import { scrub } from '../base/redaction';
import type { Statement } from '../execution/statement';
import type { QueryTrace } from '../observe/traces';

/** How a query is described to those who trace it. */
export function queryTrace({ operation, sql }: Statement): QueryTrace {
  return process.env.DUCKDB_LAMBDA_TRACE_SQL === 'true' ? { operation, sql: scrub(sql) } : { operation };
}
