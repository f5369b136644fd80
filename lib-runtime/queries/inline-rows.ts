import type { RowsAnswer } from './types';
import type { QueryResult } from '../cursor/types';
import { jsonText } from '../values/json-text';
import type { Column } from '../values/rows';

/** Collects the rows of an answer as long as its JSON is not too large. */
export class InlineRows {
  /** The columns of the result; undefined if there was no result, because memory was about to run out. */
  columns: readonly Column[] | undefined;
  private readonly texts: string[] = [];
  private rowBytes = 0;
  private bytesAround = 0;

  constructor(private readonly maxBytes: number) {}

  /** Adds rows until the answer is too large. Returns whether all fit. */
  addResult({ columns, rows }: QueryResult<object>): boolean {
    this.columns = columns;
    this.bytesAround = Buffer.byteLength(JSON.stringify({ columns, rows: [], rowCount: 0 })) - '0'.length;
    for (const row of rows) {
      const text = jsonText(row)!;
      this.texts.push(text);
      this.rowBytes += Buffer.byteLength(text);
      if (!this.fits) return false;
    }
    return this.fits;
  }

  answer(): RowsAnswer {
    const { columns = [], texts } = this;
    // As the caller gets them: without dates, bytes and numbers that JSON does not have.
    return { columns, rows: JSON.parse(`[${texts.join(',')}]`), rowCount: texts.length };
  }

  private get fits(): boolean {
    const rowCount = this.texts.length;
    const commas = Math.max(0, rowCount - 1);
    return this.bytesAround + this.rowBytes + commas + String(rowCount).length <= this.maxBytes;
  }
}
