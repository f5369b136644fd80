import { abortError, type AbortSignalLike } from './abort';

/** Allows at most `permits` holders at once. Others wait in order. With one permit, it is a mutex. */
export class Semaphore {
  private readonly waiting: Array<() => void> = [];

  constructor(private permits: number) {}

  /** Whether a permit is free. */
  get isFree(): boolean {
    return this.permits > 0;
  }

  /** Takes a permit at once, if one is free, and returns the function that releases it. */
  tryAcquire(): (() => void) | undefined {
    if (this.permits === 0) return undefined;
    this.permits -= 1;
    return this.releaseOnce();
  }

  /** Waits for a permit, and returns the function that releases it. Rejects when `signal` aborts. Messages call the purpose `task`. */
  acquire(signal?: AbortSignalLike, task?: () => string): Promise<() => void> {
    if (signal?.aborted) return Promise.reject(abortError(signal, task?.()));
    const free = this.tryAcquire();
    if (free) return Promise.resolve(free);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.waiting.splice(this.waiting.indexOf(onTurn), 1);
        reject(abortError(signal!, task?.()));
      };
      const onTurn = () => {
        signal?.removeEventListener('abort', onAbort);
        resolve(this.releaseOnce());
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.waiting.push(onTurn);
    });
  }

  private releaseOnce(): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.waiting.shift();
      if (next) next();
      else this.permits += 1;
    };
  }
}
