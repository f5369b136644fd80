import type { DuckDbError, DuckDbErrorOptions } from './errors';
import { excerpt } from './sql-text';
import { DUCKDB } from './wording';

/** A typed error with DuckDB's text, what to do, and the start of the SQL. `retryable` is by default that of the class. */
export function hintedError<T extends DuckDbError>(
  errorClass: new (message: string, options: DuckDbErrorOptions) => T, error: string, hint: string | undefined, sql: string, retryable?: boolean,
): T {
  const duckdbType = DUCKDB.errorClass.exec(error)?.[1];
  const told = hint === undefined ? '' : `\n\nhint: ${hint}`;
  return new errorClass(`${error}${told}\n\nin: ${excerpt(sql)}`, { cause: new Error(error), duckdbType, ...retryable !== undefined && { retryable } });
}
