import type { RowsAnswer } from './types';
import type { QueryResult } from '../cursor/types';
import type { Column } from '../values/column';
import { jsonText } from '../values/json-text';

/** Collects the rows of an answer as long as its JSON is not too large. */
export class InlineRows {
  /** The JSON of each row. */
  readonly texts: string[] = [];
  private known: readonly Column[] | undefined;
  private rowBytes = 0;
  private bytesAround = 0;

  constructor(private readonly maxBytes: number) {}

  /** The columns of the result; undefined if there was no result, because memory was about to run out. */
  get columns(): readonly Column[] | undefined {
    return this.known;
  }

  /** Must be known before the rows are. */
  set columns(columns: readonly Column[] | undefined) {
    this.known = columns;
    this.bytesAround = Buffer.byteLength(JSON.stringify({ columns, rows: [], rowCount: 0 })) - '0'.length;
  }

  /** Whether the JSON of the answer is not larger than allowed. */
  get fits(): boolean {
    const rowCount = this.texts.length;
    const commas = Math.max(0, rowCount - 1);
    return this.bytesAround + this.rowBytes + commas + String(rowCount).length <= this.maxBytes;
  }

  /** Adds the columns and the rows of a result, like `add`. */
  addResult({ columns, rows }: QueryResult<object>): boolean {
    this.columns = columns;
    return this.add(rows);
  }

  /** Adds rows until the answer is too large. Returns whether all fit. */
  add(rows: readonly object[]): boolean {
    for (const row of rows) {
      const text = jsonText(row)!;
      this.texts.push(text);
      this.rowBytes += Buffer.byteLength(text);
      if (!this.fits) return false;
    }
    return this.fits;
  }

  /** Forgets all rows. */
  clear(): void {
    this.texts.length = this.rowBytes = 0;
  }

  answer(): RowsAnswer {
    const { known: columns = [], texts } = this;
    // As the caller gets them: without dates, bytes and numbers that JSON does not have.
    return { columns, rows: JSON.parse(`[${texts.join(',')}]`), rowCount: texts.length };
  }
}
