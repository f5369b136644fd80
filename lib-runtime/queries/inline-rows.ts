import type { Column } from '../values/column';
import { jsonText } from '../values/json-text';

/** An answer with the rows in it. */
export interface RowsAnswer {
  readonly columns: readonly Column[];
  /** Each by its columns' names, as JSON has it: times are ISO 8601 text, bytes base64, NaN and the infinities text. */
  readonly rows: ReadonlyArray<Readonly<Record<string, unknown>>>;
  readonly rowCount: number;
}

/** Collects the rows of an answer as long as its JSON is not too large. */
export class InlineRows {
  private readonly texts: string[] = [];
  private rowBytes = 0;
  private bytesAround = 0;
  private known: readonly Column[] = [];

  constructor(private readonly maxBytes: number) {}

  /** Must be known before the rows are. */
  set columns(columns: readonly Column[]) {
    this.known = columns;
    this.bytesAround = Buffer.byteLength(JSON.stringify({ columns, rows: [], rowCount: 0 })) - '0'.length;
  }

  get columns(): readonly Column[] {
    return this.known;
  }

  /** How many rows it has, with the one that was too many. */
  get rowCount(): number {
    return this.texts.length;
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

  /** Whether the JSON of the answer is not larger than allowed. */
  get fits(): boolean {
    const { rowCount } = this;
    const commas = Math.max(0, rowCount - 1);
    return this.bytesAround + this.rowBytes + commas + String(rowCount).length <= this.maxBytes;
  }

  answer(): RowsAnswer {
    // As the caller gets them: without dates, bytes and numbers that JSON does not have.
    return { columns: this.known, rows: JSON.parse(`[${this.texts.join(',')}]`), rowCount: this.rowCount };
  }
}
