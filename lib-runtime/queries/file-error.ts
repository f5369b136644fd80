import { checkSyntax, type QueryStatements } from './query-statements';
import { DuckDbError, OutOfRangeError, QueryError, retold } from '../base/errors';
import { excerpt } from '../base/sql-text';
import { DUCKDB } from '../base/wording';
import type { Cursor } from '../cursor/types';
import { AS_TEXT } from '../values/js-values';

/** What begins the SQL around a statement whose rows are read or copied. */
const AROUND = /^(?:FROM|COPY) \(/;
const ECHO = /(LINE 1: )(.*\n)( +)(?=\^)/;
/** Enough of a statement to find it in an echo, which DuckDB cuts off. */
const RECOGNISED = 20;
const IN = '\n\nin: ';

/** `error`, which the last statement of a query has caused, as callers of the query can use it: with the SQL of its file, and without options of cursors. */
export async function fileError(error: unknown, cursor: Cursor, sql: string, { statement, reads }: QueryStatements): Promise<unknown> {
  if (!(error instanceof DuckDbError)) return error;
  if (error instanceof OutOfRangeError) return retold(error, error.message.replace(AS_TEXT, 'cast it to VARCHAR in the SQL, or ask for a file with "output"'));
  const end = error.message.lastIndexOf(IN);
  if (!reads || end === -1 || !AROUND.test(error.message.slice(end + IN.length))) return error;
  // The parser may name a piece of the SQL around the statement.
  if (DUCKDB.parserError.test(error.message)) {
    const own = await checkSyntax(cursor, sql).catch((fault: unknown) => fault);
    if (own instanceof QueryError) return own;
  }
  return retold(error, `${withoutAround(error.message.slice(0, end), statement)}${IN}${excerpt(statement)}`);
}

/** DuckDB's echo of the first line begins with the SQL around the statement, and the caret below it is as far off as that is long. */
function withoutAround(message: string, statement: string): string {
  const beginning = statement.split('\n', 1)[0]!.slice(0, RECOGNISED);
  return message.replace(ECHO, (_, line: string, echo: string, spaces: string) => {
    const start = Math.max(0, echo.indexOf(beginning));
    return line + echo.slice(start) + spaces.slice(start);
  });
}
