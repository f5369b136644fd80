import type { HttpFormat } from './negotiation';
import type { RowFormat } from '../../base/row-format';
import { csvLines, jsonLines, type Row, type RowLines } from '../../output/row-lines';
import { carriedColumns, carryColumns } from '../../values/carried-columns';
import type { Column } from '../../values/column';
import { jsonText } from '../../values/json-text';
import type { InlineRows } from '../inline-rows';

/** The formats that are text. */
export type TextFormat = Exclude<HttpFormat, 'parquet'>;

/** How values come from DuckDB. CSV holds integers of any size, and JSON those of JavaScript. */
export function rowForm(format: TextFormat): RowFormat {
  return format === 'csv' ? 'bigint' : 'js';
}

/** Rows that are all in memory, as text. */
export function wholeText(format: TextFormat, rows: InlineRows): string {
  if (format === 'ndjson') return rows.texts.map((text) => `${text}\n`).join('');
  if (format === 'json') return `${documentHead(rows.columns ?? [])}${rows.texts.join(',')}${documentEnd(rows.texts.length)}`;
  const all = rows.answer().rows as Row[];
  carryColumns(all, rows.columns ?? []);
  const lines = csvLines(undefined, all);
  return (all.length > 0 ? lines.of(all) : '') + lines.rest();
}

/** How rows are written batch by batch. `stream` carries the columns. */
export function rowLines(format: TextFormat, stream: object): RowLines {
  if (format === 'json') return jsonDocument(carriedColumns(stream)!);
  return format === 'csv' ? csvLines(undefined, stream) : jsonLines(undefined, stream);
}

/** One JSON value: the columns, the rows and their number, or an error in place of the number. */
function jsonDocument(columns: readonly Column[]): RowLines {
  let rowCount = 0;
  const head = () => (rowCount === 0 ? documentHead(columns) : '');
  return {
    of: (rows) => {
      const text = head() + (rowCount === 0 ? '' : ',') + rows.map(jsonText).join(',');
      rowCount += rows.length;
      return text;
    },
    rest: () => head() + documentEnd(rowCount),
    ofError: (code) => `],"error":{"code":"${code}"}}\n`,
  };
}

function documentHead(columns: readonly Column[]): string {
  return `{"columns":${JSON.stringify(columns)},"rows":[`;
}

function documentEnd(rowCount: number): string {
  return `],"rowCount":${rowCount}}`;
}
