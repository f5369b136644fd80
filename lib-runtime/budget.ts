import { setTimeout as sleep } from 'node:timers/promises';
import { type AbortSignalLike, Ending, orAborted, withAny } from './abort';
import { BudgetError, messageOf } from './errors';
import { processMemoryBytes } from './lambda-environment';
import type { BudgetFigures } from './memory-budget';
import { Semaphore } from './semaphore';
import { lambdaMemoryLimit } from './settings';
import { bytesOf } from './sizes';
import { spillCapacity } from './spill';

/** What an instance may use. */
export interface Limits {
  readonly memoryBytes: number;
  readonly spillBytes: number;
}

/** A shared instance: it uses what the others leave. */
export interface SharedHolder {
  /** Throws when it uses more than that just now. */
  setLimits(limits: Limits): Promise<void>;
}

/** A part of the budget, until it is released. */
export interface Share extends Limits {
  release(): void;
}

const MIB = 1024 * 1024;
/** Below this DuckDB has no room for its own buffers. */
const SMALLEST_SHARE = 16 * MIB;
/** DuckDB's own default share of a machine (https://duckdb.org/docs/stable/configuration/overview). */
const SHARE_OF_MACHINE = 0.8;
const PATIENCE_MS = 10_000;
const TRY_EVERY_MS = 50;

/**
 * Memory and spill of the process, shared out among its instances.
 *
 * DuckDB's limits are an instance's: three instances at 300 MB each were seen at 1,152 MB together. So the shared instances use all of it
 * while alone; each session and DuckDB takes a part, and the shared limit is lowered meanwhile; when nothing is left, the next one waits.
 */
export class Budget {
  private readonly shared = new Set<SharedHolder>();
  private readonly turn = new Semaphore(1);
  private making = 0;
  private reservedBytes = 0;
  private shares = 0;
  private isOutdated = false;
  private waiting = 0;

  constructor(private readonly memoryBytes: number, private readonly spillBytes: number, private readonly patienceMs = PATIENCE_MS) {}

  /** How much there is, and how much is taken. */
  get figures(): BudgetFigures {
    return { memoryBytes: this.memoryBytes, reservedBytes: this.reservedBytes, shares: this.shares, waiting: this.waiting };
  }

  /** Makes a shared instance with its part of what is left, at once; the other shared ones give way. */
  async addShared<H extends SharedHolder>(make: (limits: Limits) => Promise<H>): Promise<H> {
    const { reservedBytes } = this;
    this.making += 1;
    try {
      const holder = await make(this.limits((this.memoryBytes - reservedBytes) / (this.shared.size + this.making)));
      this.shared.add(holder);
      return holder;
    } finally {
      this.making -= 1;
      if (this.shared.size > 1 || this.reservedBytes !== reservedBytes) this.rebalance();
    }
  }

  /** Gives the part of a shared instance back to the others. */
  removeShared(holder: SharedHolder): void {
    if (this.shared.delete(holder)) this.rebalance();
  }

  /**
   * Takes `wantedMiB`, by default half of what is left, or less if the shared instances cannot spare that.
   *
   * Waits when there is not so much. Throws `BUDGET` after 10 s, or at once if there can never be.
   */
  async reserve(wantedMiB: number | undefined, signal?: AbortSignalLike): Promise<Share> {
    const wanted = wantedMiB === undefined ? undefined : wantedMiB * MIB;
    if (wanted !== undefined && wanted > this.memoryBytes - SMALLEST_SHARE) {
      throw new BudgetError(`a memory of ${wantedMiB} MiB was asked for, and all instances of this process have ${inMiB(this.memoryBytes)} MiB together, ` +
        `${inMiB(SMALLEST_SHARE)} of it for the shared one: ask for less, or raise the function's memorySize`, { retryable: false });
    }
    this.waiting += 1;
    try {
      return await this.takeInTime(wanted, signal);
    } finally {
      this.waiting -= 1;
    }
  }

  private async takeInTime(wanted: number | undefined, signal: AbortSignalLike | undefined): Promise<Share> {
    const patience = new Ending();
    const timer = setTimeout(() => patience.abort(), this.patienceMs);
    const refusals: unknown[] = [];
    try {
      return await withAny([signal, patience], (either) => this.take(wanted, either!, refusals));
    } catch (error) {
      if (!patience.aborted || signal?.aborted) throw error;
      throw this.exhausted(refusals.at(-1));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Tries until there is so much and the shared instances have given way; notes why they have not. */
  private async take(wanted: number | undefined, signal: AbortSignalLike, refusals: unknown[]): Promise<Share> {
    const release = await this.turn.acquire(signal);
    try {
      for (;;) {
        for (const bytes of this.candidates(wanted)) {
          const given = await this.limitShared(bytes).then(() => true, (refusal) => void refusals.push(refusal));
          if (given) return this.grant(bytes);
        }
        await orAborted(sleep(TRY_EVERY_MS), signal);
      }
    } finally {
      release();
      if (refusals.length > 0 || this.isOutdated) this.rebalance();
    }
  }

  /** What to try for, largest first, as long as the shared instances keep the least they need. */
  private candidates(wanted: number | undefined): number[] {
    const left = this.memoryBytes - this.reservedBytes;
    if (wanted !== undefined) return left - wanted >= SMALLEST_SHARE ? [wanted] : [];
    const sizes: number[] = [];
    for (let bytes = Math.floor(left / 2); bytes >= SMALLEST_SHARE; bytes = Math.floor(bytes / 2)) sizes.push(bytes);
    return sizes;
  }

  private grant(bytes: number): Share {
    this.reservedBytes += bytes;
    this.shares += 1;
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      this.reservedBytes -= bytes;
      this.shares -= 1;
      this.rebalance();
    };
    return { ...this.limits(bytes), release };
  }

  private limits(memoryBytes: number): Limits {
    return { memoryBytes, spillBytes: Math.floor(this.spillBytes * memoryBytes / this.memoryBytes) };
  }

  /** Gives the shared instances what is left when `taken` more is taken. */
  private async limitShared(taken = 0): Promise<void> {
    this.isOutdated = false;
    const left = this.memoryBytes - this.reservedBytes - taken;
    for (const holder of this.shared) await holder.setLimits(this.limits(left / this.shared.size));
  }

  /** Gives what was released to the shared instances; whoever has the turn does it at its end. */
  private rebalance(): void {
    this.isOutdated = true;
    const release = this.turn.tryAcquire();
    if (release) void this.catchUp(release);
  }

  private async catchUp(release: () => void): Promise<void> {
    while (this.isOutdated) await this.limitShared().catch(() => undefined);
    release();
  }

  private exhausted(cause: unknown): BudgetError {
    const why = cause === undefined ? '' : ` (the shared instance could not give way: ${messageOf(cause).split('\n', 1)[0]})`;
    return new BudgetError(`no memory for another session or DuckDB within ${this.patienceMs / 1000} s: ${inMiB(this.reservedBytes)} of ` +
      `${inMiB(this.memoryBytes)} MiB are taken by ${this.shares}${why}; close them sooner, ask for less by { memory }, or raise the function's memorySize`,
    { cause });
  }
}

const BUDGET = Symbol.for('cdk-duckdb-lambda.budget.v1');

/** The budget of this process; the first caller's settings decide its size. */
export function processBudget(env: NodeJS.ProcessEnv, settings: Readonly<Record<string, string>>): Budget {
  const machine = processMemoryBytes(env);
  const disk = spillCapacity(settings.temp_directory);
  return (globalThis as { [BUDGET]?: Budget })[BUDGET] ??= new Budget(
    bytesOf(settings.memory_limit, machine) ?? lambdaMemoryLimit(env) ?? Math.floor(machine * SHARE_OF_MACHINE),
    bytesOf(settings.max_temp_directory_size, disk) ?? disk,
  );
}

function inMiB(bytes: number): number {
  return Math.round(bytes / MIB);
}
