import { scrub } from './redaction';
import { afterComment, endOfLine, isSpace, Pieces } from './sql-pieces';

/**
 * DuckDB SQL as far as it must be read without the parser: where strings, quoted names and comments begin and end.
 *
 * A miss costs time, never correctness: what a statement means is always DuckDB's own answer.
 */

/** `input` as a SQL string literal. NUL would end it early, so it is refused by DuckDB's client as it is. */
export function quotedString(input: string): string {
  return `'${input.replaceAll("'", "''")}'`;
}

/** `input` as a SQL identifier. */
export function quotedIdentifier(input: string): string {
  return `"${input.replaceAll('"', '""')}"`;
}

/** Whether there is nothing in `sql` but white space, comments and semicolons. */
export function isEmptySql(sql: string): boolean {
  return skip(sql, 0) === sql.length;
}

/** Whether `sql` may hold more than one statement: a semicolon stands before its end. */
export function mayBeScript(sql: string): boolean {
  const first = sql.indexOf(';');
  return first !== -1 && skip(sql, first) !== sql.length;
}

/** The first word of `sql`, in upper case: `SELECT`, `ATTACH` …; empty where it begins with none. */
export function firstWord(sql: string): string {
  return /^[(\s]*(\w*)/.exec(sql.slice(skip(sql, 0)))![1]!.toUpperCase();
}

/** The beginning of `sql` on one line, to be named in messages. */
export function excerpt(sql: string): string {
  // First of all: half a secret is not known as one any more.
  const line = scrub(sql).slice(0, 1000).trim().replace(/\s+/g, ' ');
  return line.length > 100 ? `${line.slice(0, 100)}...` : line;
}

/** The statements of `sql`, each without the comments before it. */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  for (let start = skip(sql, 0); start < sql.length;) {
    const end = endOfStatement(sql, start);
    statements.push(sql.slice(start, end));
    start = skip(sql, end);
  }
  return statements;
}

function endOfStatement(sql: string, start: number): number {
  const pieces = new Pieces(sql, start);
  while (!pieces.atEnd && sql[pieces.start] !== ';') pieces.next();
  return pieces.start;
}

/** Past the white space, comments and semicolons at `from`. */
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
