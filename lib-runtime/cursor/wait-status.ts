import { excerpt } from '../base/sql-text';
import { PART, writesRemotely } from '../diagnosis/remote-write';
import type { Statement } from '../execution/statement';

/** What a call waits for just now, to be named when its deadline passes. */
export class WaitStatus {
  /** As in "waiting for DuckDB". */
  for: string | (() => string) = 'its turn on the cursor';
  /** Whether DuckDB was given the statement. */
  hasBegun = false;
  private readonly started = performance.now();

  constructor(private readonly statement: Statement, private readonly parameters: object | undefined) {}

  /** As in "the deadline passed while …". */
  toString(): string {
    const { sql } = this.statement;
    const thing = typeof this.for === 'string' ? this.for : this.for();
    const part = this.hasBegun && writesRemotely(sql, this.parameters) ? ` (${PART})` : '';
    return `waiting for ${thing}, after ${Math.round(performance.now() - this.started)} ms, running: ${excerpt(sql)}${part}`;
  }
}
