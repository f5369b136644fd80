import { QueryError } from '../base/errors';
import { parameterNames } from '../base/placeholders';
import { Pieces } from '../base/sql-pieces';
import { excerpt, placedStatements } from '../base/sql-text';
import type { Cursor } from '../cursor/types';
import { textOf } from '../diagnosis/query-error';
import { errorClass } from '../diagnosis/transient';
import { Statement } from '../execution/statement';
import type { QueryParameters } from '../values/parameters';

/** SQL with the parameters that it uses. */
export interface BoundSql {
  readonly sql: string;
  /** Undefined if there are none: a statement without parameters need not be prepared. */
  readonly parameters: QueryParameters | undefined;
}

/** A query's SQL: the statements that prepare it, and the one whose rows are its answer. */
export interface QueryStatements {
  readonly before: readonly BoundSql[];
  readonly last: BoundSql;
  /** The last statement alone, without semicolons, where it is in the file: white space takes the place of what is before it. */
  readonly statement: string;
  /** Whether the last statement only reads, so that it may run a second time. */
  readonly reads: boolean;
}

/** Words that begin a statement that only reads, beside those that `Statement` knows. */
const READS = ['PIVOT', 'PIVOT_WIDER', 'PIVOT_LONGER', 'UNPIVOT', 'DESC'];
const WRITES = /^(?:INSERT|UPDATE|DELETE|MERGE)$/i;

/** Splits the SQL of a query. Throws `QUERY` if DuckDB's parser sees other statements in it. */
export async function queryStatements(cursor: Cursor, sql: string, parameters: QueryParameters): Promise<QueryStatements> {
  // DuckDB's errors then have the file's positions.
  const parts = placedStatements(sql).map(({ text, start }) => blank(sql.slice(0, start)) + text);
  const statement = parts.at(-1) ?? '';
  const facts = { statement, reads: reads(statement) };
  if (parts.length < 2) return { ...facts, before: [], last: { sql, parameters: given(parameters) } };
  await checkSplit(cursor, sql, parts);
  return { ...facts, before: parts.slice(0, -1).map((part) => bound(part, parameters)), last: bound(statement, parameters) };
}

/** Statements that are no answer, and end with the query. */
const TEMPORARY = /^\s*(?:CREATE\s+(?:OR\s+REPLACE\s+)?TEMP(?:ORARY)?\b|(?:SET|RESET|USE|PRAGMA|LOAD)\b)/i;

/** Whether no statement of `sql` writes, as far as their text tells, so that a GET over HTTP may run it. */
export function isSafe(sql: string): boolean {
  return placedStatements(sql).every(({ text }) => reads(text) || TEMPORARY.test(withoutComments(text)));
}

function withoutComments(sql: string): string {
  let text = '';
  for (const pieces = new Pieces(sql, 0); !pieces.atEnd; pieces.next()) text += /^(?:--|\/\*)/.test(pieces.text) ? ' ' : pieces.text;
  return text;
}

/** White space with the lines of `text`. */
function blank(text: string): string {
  return text.replace(/[^\n]/gu, ' ');
}

function reads(sql: string): boolean {
  const statement = new Statement(sql);
  return statement.isSelect || READS.includes(statement.operation) || (statement.operation === 'WITH' && !hasWord(sql, WRITES));
}

/** Whether `sql` has such a word, not in a string, a quoted name or a comment. */
function hasWord(sql: string, word: RegExp): boolean {
  for (const pieces = new Pieces(sql, 0); !pieces.atEnd; pieces.next()) if (word.test(pieces.text)) return true;
  return false;
}

/** DuckDB counts some statements as several, such as PIVOT, but the same ones in the whole and in its parts. */
async function checkSplit(cursor: Cursor, sql: string, parts: readonly string[]): Promise<void> {
  const whole = await checkSyntax(cursor, sql);
  const counts: number[] = [];
  for (const part of parts) counts.push(await checkSyntax(cursor, part));
  if (whole === counts.reduce((sum, count) => sum + count, 0)) return;
  throw new QueryError(`the statements of this SQL cannot be told apart: DuckDB sees ${whole} in the whole, and ${counts.join(', ')} in what ends with a semicolon; ` +
    `write its quotes and comments in a simpler way\n\nin: ${excerpt(sql)}`);
}

/** The number of statements in `sql` for DuckDB's parser. Throws `QUERY` for a syntax error. */
export async function checkSyntax(cursor: Cursor, sql: string): Promise<number> {
  return cursor.withConnection(async (connection) => (await connection.extractStatements(sql)).count).catch((error) => {
    const text = textOf(error);
    throw new QueryError(`${text}\n\nin: ${excerpt(sql)}`, { cause: error, duckdbType: errorClass(text) });
  });
}

/** `sql` with those of the named parameters that it uses. DuckDB ignores case in names. */
function bound(sql: string, parameters: QueryParameters): BoundSql {
  const used = new Set(parameterNames(sql).map((name) => name.toLowerCase()));
  return { sql, parameters: given(Object.fromEntries(Object.entries(parameters).filter(([name]) => used.has(name.toLowerCase())))) };
}

function given(parameters: QueryParameters): QueryParameters | undefined {
  return Object.keys(parameters).length === 0 ? undefined : parameters;
}
