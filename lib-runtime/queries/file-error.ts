import { checkSyntax } from './query-statements';
import { DuckDbError, OutOfRangeError, QueryError, retold } from '../base/errors';
import { excerpt } from '../base/sql-text';
import { DUCKDB } from '../base/wording';
import type { Cursor } from '../cursor/types';
import { AS_TEXT } from '../values/js-values';

/** The SQL that surrounds a statement whose rows are read or copied. */
const AROUND = /^(?:COPY \()?FROM \(/;
/** An echo of that SQL, when the statement begins in the first line of its file: the caret below is as far off as the SQL is long. */
const ECHO = /(LINE 1: )((?:COPY \()?FROM \()(.*\n)( +)(?=\^)/;
const IN = '\n\nin: ';

/** `error`, which the last statement of a query has caused, as callers of the query can use it: with the SQL of its file, and without options of cursors. */
export async function fileError(error: unknown, cursor: Cursor, sql: string, statement: string): Promise<unknown> {
  if (!(error instanceof DuckDbError)) return error;
  if (error instanceof OutOfRangeError) return retold(error, error.message.replace(AS_TEXT, 'cast it to VARCHAR in the SQL, or ask for a file with "output"'));
  const end = error.message.lastIndexOf(IN);
  if (!(error instanceof QueryError) || end === -1 || !AROUND.test(error.message.slice(end + IN.length))) return error;
  // The parser may name a piece of the SQL around the statement.
  if (DUCKDB.parserError.test(error.message)) {
    const own = await checkSyntax(cursor, sql).catch((fault: unknown) => fault);
    if (own instanceof QueryError) return own;
  }
  const told = error.message.slice(0, end).replace(ECHO, (_, line: string, around: string, rest: string, spaces: string) => (
    line + rest + spaces.slice(around.length)
  ));
  return retold(error, `${told}${IN}${excerpt(statement)}`);
}
