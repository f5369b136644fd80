import { ConfigError } from '../base/errors';
import { base64 } from '../values/bytes';
import { carriedColumns } from '../values/carried-columns';
import { jsonText } from '../values/json-text';

/** A row by its columns' names. */
export type Row = Readonly<Record<string, unknown>>;

/** The text of a response that is written batch by batch. */
export interface RowLines {
  of(rows: readonly Row[]): string;
  /** What remains to be written after all rows, such as the header if there were none. */
  rest(): string;
  /** The end of a response whose query has failed after its beginning. */
  ofError(code: string): string;
}

/** One object a line. `stream` carries the columns. */
export function jsonLines(columns: readonly string[] | undefined, stream: object): RowLines {
  let isChecked = columns === undefined;
  const check = (rows: object) => {
    const carried = carriedNames(rows);
    if (!isChecked && carried) checkColumns(columns!, carried);
    isChecked = true;
  };
  const toLine = columns ? (row: Row) => only(columns, row) : jsonText;
  return {
    of: (rows) => {
      check(rows);
      return rows.map((row) => `${toLine(row)}\n`).join('');
    },
    rest: () => {
      check(stream);
      return '';
    },
    ofError: (code) => `{"error":{"code":"${code}"}}\n`,
  };
}

/** RFC 4180, with a header. `stream` carries the columns. */
export function csvLines(given: readonly string[] | undefined, stream: object): RowLines {
  let columns: readonly string[] | undefined;
  // Many readers skip an empty line; DuckDB reads both as NULL.
  const line = (values: readonly unknown[]) => `${values.map(field).join(',') || '""'}\r\n`;
  const toLine = (row: Row) => {
    if (!given) checkKeys(row, columns!);
    return line(columns!.map((name) => row[name]));
  };
  const header = (carried: readonly string[] | undefined, keys?: readonly string[]) => {
    if (given && carried) checkColumns(given, carried);
    columns = given ?? carried ?? keys;
    return columns === undefined ? '' : line(columns);
  };
  return {
    of: (rows) => {
      const first = columns === undefined ? header(carriedNames(rows), Object.keys(rows[0]!)) : '';
      return first + rows.map(toLine).join('');
    },
    rest: () => (columns === undefined ? header(carriedNames(stream)) : ''),
    ofError: (code) => `error: ${code}\r\n`,
  };
}

/** The JSON of some fields of a row, in their order. A JavaScript object would put keys that are whole numbers first. */
function only(columns: readonly string[], row: Row): string {
  const fields = columns.map((name) => [JSON.stringify(name), jsonText(row[name])]).filter(([, value]) => value !== undefined);
  return `{${fields.map(([name, value]) => `${name}:${value}`).join(',')}}`;
}

function carriedNames(rows: object): readonly string[] | undefined {
  return carriedColumns(rows)?.map(({ name }) => name);
}

function checkColumns(given: readonly string[], own: readonly string[]): void {
  const unknown = given.find((name) => !own.includes(name));
  if (unknown === undefined) return;
  throw new ConfigError(`columns has ${JSON.stringify(unknown)}, which the query does not have: its columns are ${own.map((name) => JSON.stringify(name)).join(', ')}`);
}

function checkKeys(row: Row, columns: readonly string[]): void {
  for (const key of Object.keys(row)) {
    if (columns.includes(key)) continue;
    throw new ConfigError(`a row has the key ${JSON.stringify(key)}, which is not in the header of the CSV (${columns.map((name) => JSON.stringify(name)).join(', ')}): ` +
      'name all columns in the option columns');
  }
}

function field(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = plain(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function plain(value: unknown): string {
  switch (typeof value) {
    case 'string': return value;
    // Keeps the sign of -0, which would be lost as a number.
    case 'number': return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint': return String(value);
    default: break;
  }
  if (value instanceof Date) return value.toISOString();
  return value instanceof Uint8Array ? base64(value) : jsonText(value) ?? '';
}
