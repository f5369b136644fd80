import { Call } from './call';
import { processMemoryBytes } from '../base/lambda-environment';
import { type Outcome, runStatement } from '../execution/statements';
import { guardMemory } from '../memory/memory-guard';
import { type Row, type RowLimits, readRows } from '../values/rows';

/** A call whose whole result is in memory. */
export class QueryCall extends Call {
  protected override readonly isRepeatable = true;
  private readonly limits: RowLimits = {
    maxRows: this.options.maxRows,
    maxBytes: this.options.maxBytes ?? processMemoryBytes(process.env) / 4,
  };

  /** Runs the statement when its turn comes. */
  run(): Promise<Outcome> {
    return this.begin((signal, trace) => this.target.queue.exclusive((lease) => this.withThreads(async () => {
      const outcome = await this.perform(lease, (attempt) => (
        guardMemory(this.limits.maxBytes, () => lease.raw.interrupt(), () => runStatement(lease, this.statement, this.parameters, attempt))
      ));
      if (trace) trace.rows = outcome.result.rowCount;
      return outcome;
    }), this.task, signal));
  }

  /** The rows of the result of `run`. */
  rows({ result }: Outcome): Promise<Row[]> {
    return readRows(result, this.options.rows ?? 'js', this.limits);
  }
}
