import { scrub } from './redaction';
import { afterComment, endOfLine, isSpace, Pieces } from './sql-pieces';

/**
 * Reads DuckDB SQL without the parser: where strings, quoted names and comments begin and end.
 *
 * A mistake here costs time, never correctness, because DuckDB itself decides what a statement means.
 */

/** `input` as a SQL string literal. A NUL would end it early; DuckDB's client refuses it. */
export function quotedString(input: string): string {
  return `'${input.replaceAll("'", "''")}'`;
}

/** `input` as a SQL identifier. */
export function quotedIdentifier(input: string): string {
  return `"${input.replaceAll('"', '""')}"`;
}

/** Whether `sql` contains only white space, comments and semicolons. */
export function isEmptySql(sql: string): boolean {
  return skip(sql, 0) === sql.length;
}

/** Whether `sql` may contain more than one statement: it has a semicolon before its end. */
export function mayBeScript(sql: string): boolean {
  const first = sql.indexOf(';');
  return first !== -1 && skip(sql, first) !== sql.length;
}

/** The first word of `sql`, in upper case: `SELECT`, `ATTACH` …; empty if it does not begin with a word. */
export function firstWord(sql: string): string {
  return /^[(\s]*(\w*)/.exec(sql.slice(skip(sql, 0)))![1]!.toUpperCase();
}

/** The beginning of `sql` on one line, for messages. */
export function excerpt(sql: string): string {
  // Redacts first, because half of a secret is not recognised.
  const line = scrub(sql).trimStart().slice(0, 1000).trim().replace(/\s+/g, ' ');
  return line.length > 100 ? `${line.slice(0, 100)}...` : line;
}

/** The statements of `sql`, each without the comments before it. */
export function splitStatements(sql: string): string[] {
  return placedStatements(sql).map(({ text }) => text);
}

/** Like `splitStatements`, with the position of each statement in `sql`. */
export function placedStatements(sql: string): { readonly text: string; readonly start: number }[] {
  const statements: { text: string; start: number }[] = [];
  for (let start = skip(sql, 0); start < sql.length;) {
    const end = endOfStatement(sql, start);
    statements.push({ text: sql.slice(start, end), start });
    start = skip(sql, end);
  }
  return statements;
}

function endOfStatement(sql: string, start: number): number {
  const pieces = new Pieces(sql, start);
  while (!pieces.atEnd && sql[pieces.start] !== ';') pieces.next();
  return pieces.start;
}

/** The position after the white space, comments and semicolons at `from`. */
function skip(sql: string, from: number): number {
  let position = from;
  for (;;) {
    while (isBlank(sql.charCodeAt(position))) position += 1;
    if (sql.startsWith('--', position)) position = endOfLine(sql, position);
    else if (sql.startsWith('/*', position)) position = afterComment(sql, position);
    else return position;
  }
}

/** White space or a semicolon. */
function isBlank(code: number): boolean {
  return code === 59 || isSpace(code);
}
