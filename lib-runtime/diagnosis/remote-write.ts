import { REMOTE_SCHEMES } from '../base/remote-urls';
import { Pieces } from '../base/sql-pieces';
import { splitStatements } from '../base/sql-text';
import { DUCKDB, saysOneOf } from '../base/wording';

/** A URL that DuckDB writes to directly. It completes an upload whatever happens to the statement. */
const REMOTE = new RegExp(`^${REMOTE_SCHEMES}://`, 'i');
const WRITES = /\b(?:COPY|EXPORT)\b/i;
/** The beginning of a string, in each of its forms. */
const QUOTE = /^(?:[eE]?'|\$\w*\$)/;
const PARAMETER = /^[$?]/;
/** Errors that refuse a statement before any part of it was executed. */
const NOT_EXECUTED = [DUCKDB.parserError, DUCKDB.syntaxError, DUCKDB.binderError, DUCKDB.catalogError, DUCKDB.folderNotEmpty];

/** The warning about an incomplete write. */
export const PART = 'what is under its key may be a part: write to a new key, and publish it when the COPY has succeeded';

/** Whether `sql` is or contains a COPY or EXPORT to a URL. The URL may be a parameter's value. */
export function writesRemotely(sql: string, parameters?: object): boolean {
  return WRITES.test(sql) && splitStatements(sql).some((statement) => isRemote(targetOf(statement), parameters));
}

/** `error`, the text of an error of DuckDB or of this package, with its consequence for what `sql` was writing. */
export function withPart(error: string, sql: string, parameters?: object): string {
  return saysOneOf(NOT_EXECUTED, error) || error.includes(PART) || !writesRemotely(sql, parameters) ? error : `${error}\n\nhint: ${PART}`;
}

/** The part of the SQL that names the target of a COPY or EXPORT; undefined for other statements. */
function targetOf(statement: string): string | undefined {
  const words = wordsOf(statement);
  const start = words.findIndex((word) => !/^(?:EXPLAIN|ANALYZE)$/i.test(word));
  const verb = words[start]?.toUpperCase();
  if (verb === 'EXPORT') return words.slice(start).find((word) => QUOTE.test(word) || PARAMETER.test(word));
  const to = words.findIndex((word, index) => index > start && word.toUpperCase() === 'TO');
  return verb === 'COPY' && to !== -1 ? words[to + 1] : undefined;
}

/** The words outside parentheses, without space and comments. A group in parentheses counts as one word, and so does a parameter. */
function wordsOf(statement: string): string[] {
  const words: string[] = [];
  let depth = 0;
  for (const pieces = new Pieces(statement, 0); !pieces.atEnd; pieces.next()) {
    const { text } = pieces;
    if (text === ')') depth -= 1;
    if (depth > 0 || words.at(-1) === '$') words[words.length - 1] += text;
    else if (/\S/.test(text) && !/^(?:--|\/\*)/.test(text)) words.push(text);
    if (text === '(') depth += 1;
  }
  return words;
}

function isRemote(target: string | undefined, parameters: object = {}): boolean {
  if (target === undefined) return false;
  if (QUOTE.test(target)) return REMOTE.test(target.replace(QUOTE, ''));
  if (!PARAMETER.test(target) && !target.startsWith('(')) return false;
  const named = (parameters as Record<string, unknown>)[target.slice(1)];
  // A positional parameter, or one within an expression, may be any of them.
  const values = Array.isArray(parameters) || named === undefined ? Object.values(parameters) : [named];
  return values.some((value) => typeof value === 'string' && REMOTE.test(value)) || /'\w+:\/\//.test(target);
}
