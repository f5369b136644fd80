import type { DuckDBType } from '@duckdb/node-api';
import { jsonValue } from './json-value';
import type { ResultFormat } from './result-format';
import { QueryError } from '../base/errors';
import { excerpt, firstWord, quotedIdentifier, quotedString } from '../base/sql-text';
import type { Column } from '../values/column';

/** The files' names. */
export const FILE_NAMES: Readonly<Record<ResultFormat, string>> = { parquet: 'data.parquet', csv: 'data.csv', json: 'data.json', ndjson: 'data.ndjson' };

/**
 * The options of the COPY. JSON is written by the writer of CSV, as DuckDB itself does it, because each line is already JSON.
 *
 * DuckDB's own JSON has NaN and Infinity, which are not JSON.
 */
const LINES = "FORMAT csv, HEADER false, DELIMITER '', QUOTE '', ESCAPE '', RETURN_FILES";
const OPTIONS: Readonly<Record<ResultFormat, string>> = {
  parquet: 'FORMAT parquet, RETURN_STATS',
  csv: 'FORMAT csv, HEADER true, RETURN_FILES',
  json: `${LINES}, PREFIX e'[\\n', SUFFIX e'\\n]\\n', NEW_LINE e',\\n'`,
  ndjson: LINES,
};

/** Types whose JSON may hold NaN or Infinity. A JSON value may hold them because DuckDB's parser takes them. */
const MAY_BE_NOT_FINITE = /\b(?:FLOAT|DOUBLE|JSON|VARIANT)\b/;
/** Types that DuckDB would write as a DOUBLE. What a DECIMAL does not hold is an error. */
const INEXACT_IN_PARQUET = /\bU?HUGEINT\b/g;

/** What a COPY refuses, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  CALL: 'select from the function instead: SELECT * FROM the_function(...)',
  EXPLAIN: 'ask for it without "output"',
};

/** `statement`, which reads, as what a SELECT may select from. */
export function source(statement: string): string {
  // It may end with a comment.
  return `(${statement}\n) AS result`;
}

/** Throws `QUERY` if `statement` cannot be written to a file; `reads` says whether it only reads. */
export function checkSource(statement: string, reads: boolean): void {
  if (reads) return;
  const fix = REFUSED[firstWord(statement)] ?? 'only statements that read can be: SELECT, FROM, WITH, VALUES, TABLE, PIVOT, UNPIVOT, DESCRIBE, SUMMARIZE, SHOW';
  throw new QueryError(`the result of this statement cannot be written to a file: ${fix}\n\nin: ${excerpt(statement)}`);
}

/** The columns of a result. */
export interface ResultColumns {
  readonly columns: readonly Column[];
  /** Their types, which only JSON needs. */
  readonly types: readonly DuckDBType[];
}

/** The COPY that writes the rows of `statement` to `url`. */
export function copyStatement(statement: string, result: ResultColumns, format: ResultFormat, url: string): string {
  return `COPY (${rowsOf(statement, result, format)}) TO ${quotedString(url)} (${OPTIONS[format]})`;
}

function rowsOf(statement: string, { columns, types }: ResultColumns, format: ResultFormat): string {
  switch (format) {
    case 'csv': return replacing(statement, []);
    case 'parquet': return replacing(statement, columns.map(({ name, type }) => [name, exactInParquet(quotedIdentifier(name), type)]));
    default: {
      const values = columns.map(({ name }, index) => [name, jsonValue(quotedIdentifier(name), types[index]!)] as const);
      return jsonLines(replacing(statement, values), columns);
    }
  }
}

/** Each row as the text of a JSON object. */
function jsonLines(rows: string, columns: readonly Column[]): string {
  const lines = `SELECT to_json(struct_pack(*COLUMNS(*)))::VARCHAR AS line FROM (${rows})`;
  return columns.some(({ type }) => MAY_BE_NOT_FINITE.test(type)) ? `SELECT ${FINITE} FROM (${lines})` : lines;
}

function exactInParquet(value: string, type: string): string | undefined {
  const exact = type.replace(INEXACT_IN_PARQUET, 'DECIMAL(38,0)');
  return exact === type ? undefined : `CAST(${value} AS ${exact})`;
}

/** The rows of `statement`, with other values for some columns. */
function replacing(statement: string, values: ReadonlyArray<readonly [name: string, value: string | undefined]>): string {
  const replaced = values.filter(([, value]) => value !== undefined).map(([name, value]) => `${value} AS ${quotedIdentifier(name)}`);
  return replaced.length === 0 ? `FROM ${source(statement)}` : `SELECT * REPLACE (${replaced.join(', ')}) FROM ${source(statement)}`;
}

/** A line of JSON, with NaN and the infinities as text wherever they are not within a text. */
const FINITE = String.raw`CASE WHEN regexp_matches(line, '(?i)nan|inf') THEN array_to_string(list_transform(
  regexp_extract_all(line, '"(?:[^"\\]|\\.)*"|(?i:-?nan|-?inf(?:inity)?)|[^"NnIi-]+|.'),
  lambda piece: CASE
    WHEN regexp_full_match(piece, '(?i)-?nan') THEN '"NaN"'
    WHEN regexp_full_match(piece, '(?i)inf(?:inity)?') THEN '"Infinity"'
    WHEN regexp_full_match(piece, '(?i)-inf(?:inity)?') THEN '"-Infinity"'
    ELSE piece END), '') ELSE line END`;

