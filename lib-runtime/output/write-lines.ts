import type { Row, RowLines } from './row-lines';
import { DuckDbError } from '../base/errors';

/** Takes the parts of a response, one after another. */
export interface PartReader {
  take(part: string): Promise<void>;
  finish(): Promise<void>;
  tell(part: string): Promise<void>;
}

/**
 * Writes batches of rows as `lines` to `reader`, and ends the response. Reads the next batch when the reader has taken the last.
 *
 * Each batch is checked by `check`. If the query fails after rows were written, the last line tells the error's code. The error is thrown as well.
 */
export async function writeLines(
  batches: AsyncIterator<readonly object[]>, lines: RowLines, reader: PartReader, check: (batch: unknown) => void = () => undefined,
): Promise<void> {
  try {
    for await (const batch of { [Symbol.asyncIterator]: () => batches }) {
      check(batch);
      if (batch.length > 0) await reader.take(lines.of(batch as readonly Row[]));
    }
    const rest = lines.rest();
    if (rest !== '') await reader.take(rest);
    await reader.finish();
  } catch (error) {
    // The error's text is only for the log: it may contain SQL.
    await reader.tell(lines.ofError(error instanceof DuckDbError ? error.code : 'HANDLER'));
    throw error;
  }
}
