import { orAborted } from '../../base/abort';
import type { ConnectionLease } from '../../execution/connection';

/** A read that hangs need not concern the next statement, which may read another table's files. */
const MAX_HUNG = 3;

/**
 * Attempts that wait for an answer although their callers have left.
 *
 * DuckDB asks the catalog for a table while it holds a lock of the table's schema, and no interrupt ends a request before its time-out. Each further
 * statement would wait for the lock in a thread of its own, until statements without the catalog have none. So after a few, statements wait here.
 */
export class HungRequests {
  private readonly hung = new Set<Promise<void>>();

  /** Runs an attempt at a statement that needs the catalog. */
  async limit<T>({ ended }: ConnectionLease, attempt: () => Promise<T>): Promise<T> {
    while (this.hung.size >= MAX_HUNG) {
      await orAborted(Promise.race(this.hung), ended, () => 'waiting for requests without an answer', () => undefined);
    }
    const running = attempt();
    const settled = running.then(() => undefined, () => undefined);
    const leave = () => void this.hung.add(settled);
    ended.addEventListener('abort', leave, { once: true });
    void settled.then(() => {
      ended.removeEventListener('abort', leave);
      this.hung.delete(settled);
    });
    return running;
  }
}
