import { excerpt } from '../base/sql-text';
import { PART, writesRemotely } from '../diagnosis/remote-write';
import type { Statement } from '../execution/statement';

/** What a call waits for at the moment, for the error when its deadline passes. */
export class WaitStatus {
  /** The object of "waiting for …", such as DuckDB. */
  for: string | (() => string) = 'its turn on the cursor';
  /** Whether DuckDB has received the statement. */
  hasBegun = false;
  private readonly started = performance.now();

  constructor(private readonly statement: Statement, private readonly parameters: object | undefined) {}

  /** The rest of "the deadline passed while …". */
  toString(): string {
    const { sql } = this.statement;
    const thing = typeof this.for === 'string' ? this.for : this.for();
    const part = this.hasBegun && writesRemotely(sql, this.parameters) ? ` (${PART})` : '';
    return `waiting for ${thing}, after ${Math.round(performance.now() - this.started)} ms, running: ${excerpt(sql)}${part}`;
  }
}
