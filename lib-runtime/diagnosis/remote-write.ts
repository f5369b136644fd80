import { Pieces } from '../base/sql-pieces';
import { splitStatements } from '../base/sql-text';
import { DUCKDB, saysOneOf } from '../base/wording';

/** The schemes of what another machine answers for, as the source of a regular expression. */
export const REMOTE_SCHEMES = '(?:s3[an]?|https?|gcs|gs|r2|hf|azure|az|abfss?)';
/** A URL that DuckDB writes to as it goes: it completes an upload whatever becomes of the statement. */
const REMOTE = new RegExp(`^${REMOTE_SCHEMES}://`, 'i');
const WRITES = /\b(?:COPY|EXPORT)\b/i;
/** As a string begins, in each of its forms. */
const QUOTE = /^(?:[eE]?'|\$\w*\$)/;
const PARAMETER = /^[$?]/;
/** What refuses a statement before anything of it was executed. */
const NOT_EXECUTED = [DUCKDB.parserError, DUCKDB.syntaxError, DUCKDB.binderError, DUCKDB.catalogError];

/** What is to be said of a write that did not come to its end. */
export const PART = 'what is under its key may be a part: write to a new key, and publish it when the COPY has succeeded';

/** Whether `sql` is, or holds, a COPY or EXPORT to a URL; it may be the value of a parameter. */
export function writesRemotely(sql: string, parameters?: object): boolean {
  return WRITES.test(sql) && splitStatements(sql).some((statement) => isRemote(targetOf(statement), parameters));
}

/** `error`, the text of DuckDB's error or of one of this package, with what it means for what `sql` was writing. */
export function withPart(error: string, sql: string, parameters?: object): string {
  return saysOneOf(NOT_EXECUTED, error) || error.includes(PART) || !writesRemotely(sql, parameters) ? error : `${error}\n\nhint: ${PART}`;
}

/** What SQL says of where a COPY or EXPORT writes to; undefined for what is neither. */
function targetOf(statement: string): string | undefined {
  const words = wordsOf(statement);
  const start = words.findIndex((word) => !/^(?:EXPLAIN|ANALYZE)$/i.test(word));
  const verb = words[start]?.toUpperCase();
  if (verb === 'EXPORT') return words.slice(start).find((word) => QUOTE.test(word) || PARAMETER.test(word));
  const to = words.findIndex((word, index) => index > start && word.toUpperCase() === 'TO');
  return verb === 'COPY' && to !== -1 ? words[to + 1] : undefined;
}

/** What stands outside of parentheses, without space and comments; what stands inside, and a parameter, each as one. */
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
  // By its place, or within an expression, it may be any.
  const values = Array.isArray(parameters) || named === undefined ? Object.values(parameters) : [named];
  return values.some((value) => typeof value === 'string' && REMOTE.test(value)) || /'\w+:\/\//.test(target);
}
