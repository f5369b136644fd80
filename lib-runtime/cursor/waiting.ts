import { startOf } from '../base/sql-text';

/** What a call waits for just now, to be named when its deadline passes. */
export class Waiting {
  /** As in "waiting for DuckDB". */
  for: string | (() => string) = 'its turn on the cursor';
  private readonly started = performance.now();

  constructor(private readonly sql: string) {}

  /** As in "the deadline passed while …". */
  toString(): string {
    const thing = typeof this.for === 'string' ? this.for : this.for();
    return `waiting for ${thing}, after ${Math.round(performance.now() - this.started)} ms, running: ${startOf(this.sql)}`;
  }
}
