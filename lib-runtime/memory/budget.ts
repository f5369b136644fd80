import type { BudgetFigures } from './budget-figures';
import { lambdaMemoryLimit, type Limits } from './limits';
import { bytesOf } from './sizes';
import { spillCapacity } from './spill';
import { type AbortSignalLike, LightAbortSignal, orAborted, withAny } from '../base/abort';
import { locksConfiguration } from '../base/config';
import { BudgetError, messageOf } from '../base/errors';
import { processMemoryBytes } from '../base/lambda-environment';
import { Semaphore } from '../base/semaphore';
import { DUCKDB } from '../base/wording';

/** A shared instance, which uses what the others leave. */
export interface SharedHolder {
  /** Throws if it currently uses more than that. */
  setLimits(limits: Limits): Promise<void>;
}

/** A part of the budget, until it is released. */
export interface Share extends Limits {
  release(): void;
}

const MIB = 1024 * 1024;
/** With less, DuckDB has no space for its own buffers. */
const MIN_SHARE_BYTES = 16 * MIB;
/** DuckDB's default share of a machine's memory (https://duckdb.org/docs/stable/configuration/overview). */
const SHARE_OF_MACHINE = 0.8;
const ACQUIRE_TIMEOUT_MS = 10_000;
const TRY_EVERY_MS = 50;

/** A call that waits for a share. */
interface Waiter {
  /** Undefined for half of what is left, or as much of that half as is available. */
  readonly wanted: number | undefined;
  /** How much was given to later calls. */
  passedBytes: number;
  /** Why the shared instances did not give way at the last attempt. */
  refusal: unknown;
  readonly settle: (outcome: Share | BudgetError) => void;
}

/**
 * Shares the memory and spill space of the process among its instances.
 *
 * DuckDB's limits apply to one instance: three instances at 300 MB each took 1,152 MB together. The shared instances therefore use all memory
 * while they are alone. Each session and DuckDB takes a part, and the shared limit is lowered meanwhile. When nothing is left, the next one waits.
 *
 * Later calls that fit into what is left may overtake a waiting call, until they have taken as many bytes as it wants. Then all wait for it. A
 * call therefore waits at most for the open ones, and for as many bytes as it wants itself.
 *
 * With a locked configuration, an instance's limits cannot change. If the lock is known beforehand, the shared instances keep `keptBytes` for
 * good, and the rest is for sessions. An instance that SQL locks later keeps what it has at that moment.
 */
export class Budget {
  private readonly shared = new Set<SharedHolder>();
  /** The memory of shared instances whose limits cannot change. */
  private readonly locked = new Map<SharedHolder, number>();
  /** The memory that each shared instance was last given. */
  private readonly given = new Map<SharedHolder, number>();
  private readonly turn = new Semaphore(1);
  private readonly queue: Waiter[] = [];
  private isServing = false;
  private isChanged = false;
  private wake: (() => void) | undefined;
  private making = 0;
  private reservedBytes = 0;
  private shares = 0;
  private isOutdated = false;

  constructor(
    private readonly memoryBytes: number, private readonly spillBytes: number, private readonly acquireTimeoutMs = ACQUIRE_TIMEOUT_MS,
    private readonly keptBytes = 0,
  ) {}

  /** The total, and how much is taken. */
  get figures(): BudgetFigures {
    return { memoryBytes: this.memoryBytes, reservedBytes: this.reservedBytes, shares: this.shares, waiting: this.queue.length };
  }

  /** Creates a shared instance at once, with its part of what is left. The other shared instances give way. */
  async addShared<H extends SharedHolder>(make: (limits: Limits) => Promise<H>, keptParts = 1): Promise<H> {
    if (this.keptBytes > 0) return make(this.limits(this.keptBytes / keptParts));
    const { reservedBytes } = this;
    this.making += 1;
    try {
      const bytes = this.unlocked / (this.flexible.length + this.making);
      const holder = await make(this.limits(bytes));
      this.shared.add(holder);
      this.given.set(holder, bytes);
      return holder;
    } finally {
      this.making -= 1;
      if (this.shared.size > 1 || this.reservedBytes !== reservedBytes) this.rebalance();
    }
  }

  /** Returns the part of a shared instance to the others. */
  removeShared(holder: SharedHolder): void {
    this.locked.delete(holder);
    this.given.delete(holder);
    if (!this.shared.delete(holder)) return;
    this.notice();
    this.rebalance();
  }

  /**
   * Takes `wantedMiB`, by default half of what is left, or less if the shared instances cannot spare that much.
   *
   * Waits until enough is free. Throws `BUDGET` after 10 s, or at once if there can never be enough.
   */
  async reserve(wantedMiB: number | undefined, signal?: AbortSignalLike): Promise<Share> {
    const wanted = wantedMiB === undefined ? undefined : wantedMiB * MIB;
    const never = this.never({ wanted });
    if (never) throw never;
    const patience = new LightAbortSignal();
    const timer = setTimeout(() => patience.abort(), this.acquireTimeoutMs);
    let waiter: Waiter | undefined;
    try {
      return await withAny([signal, patience], (either) => {
        const entry = this.enqueue(wanted, either!);
        waiter = entry.waiter;
        return entry.served;
      });
    } catch (error) {
      if (!patience.aborted || signal?.aborted) throw error;
      throw this.exhausted(waiter?.refusal);
    } finally {
      clearTimeout(timer);
    }
  }

  private enqueue(wanted: number | undefined, signal: AbortSignalLike): { readonly waiter: Waiter; readonly served: Promise<Share> } {
    let settle: Waiter['settle'];
    const share = new Promise<Share>((resolve, reject) => {
      settle = (outcome) => {
        this.leave(waiter);
        if (outcome instanceof BudgetError) reject(outcome);
        else resolve(outcome);
      };
    });
    const waiter: Waiter = { wanted, passedBytes: 0, refusal: undefined, settle: settle! };
    this.queue.push(waiter);
    if (this.isServing) this.notice();
    else void this.serve();
    return { waiter, served: orAborted(share, signal, undefined, () => this.leave(waiter)) };
  }

  private leave(waiter: Waiter): void {
    const at = this.queue.indexOf(waiter);
    if (at !== -1) this.queue.splice(at, 1);
    this.notice();
  }

  /** Serves waiting calls until none is left. */
  private async serve(): Promise<void> {
    this.isServing = true;
    const release = await this.turn.acquire();
    try {
      while (this.queue.length > 0) {
        this.isChanged = false;
        if (!await this.serveOne() && !this.isChanged) await this.change();
      }
    } finally {
      this.isServing = false;
      release();
      if (this.isOutdated) this.rebalance();
    }
  }

  /** Serves the first call that fits and may overtake those before it. Returns whether to look again at once. */
  private async serveOne(): Promise<boolean> {
    let refused: { readonly bytes: number; readonly error: unknown } | undefined;
    for (const waiter of [...this.queue]) {
      const never = this.never(waiter);
      if (never) waiter.settle(never);
      for (const bytes of this.candidates(waiter)) {
        if (refused && bytes >= refused.bytes) {
          waiter.refusal = refused.error;
          continue;
        }
        const { size } = this.locked;
        try {
          await this.limitShared(bytes);
        } catch (error) {
          // Some of the shared instances may have given way all the same.
          this.isOutdated = true;
          refused = { bytes, error };
          waiter.refusal = error;
          if (this.locked.size > size) return true;
          continue;
        }
        if (this.queue.includes(waiter)) {
          this.serveWith(waiter, bytes);
          return true;
        }
        // It was aborted meanwhile.
        this.isOutdated = true;
        break;
      }
    }
    return false;
  }

  private serveWith(waiter: Waiter, bytes: number): void {
    for (const earlier of this.queue.slice(0, this.queue.indexOf(waiter))) earlier.passedBytes += bytes;
    waiter.settle(this.grant(bytes));
  }

  /** Waits until something has changed. Shared instances do not report what they use, so it is polled. */
  private async change(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      timer = setTimeout(resolve, TRY_EVERY_MS);
    });
    this.wake = undefined;
    clearTimeout(timer);
  }

  /** A waiting call may fit now. */
  private notice(): void {
    this.isChanged = true;
    this.wake?.();
  }

  /** The amounts to try, largest first, as long as the shared instances keep their minimum and no waiting call is overtaken by too much. */
  private candidates(waiter: Waiter): number[] {
    const before = this.queue.slice(0, Math.max(0, this.queue.indexOf(waiter)));
    const most = Math.min(this.forSessions - this.reservedBytes, ...before.map(({ wanted = MIN_SHARE_BYTES, passedBytes }) => wanted - passedBytes));
    if (waiter.wanted !== undefined) return waiter.wanted <= most ? [waiter.wanted] : [];
    const sizes: number[] = [];
    const half = (this.unlocked - this.keptBytes) / 2;
    for (let bytes = Math.floor(Math.min(half, most)); bytes >= MIN_SHARE_BYTES; bytes = Math.floor(bytes / 2)) sizes.push(bytes);
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
      this.notice();
      this.rebalance();
    };
    return { ...this.limits(bytes), release };
  }

  private limits(memoryBytes: number): Limits {
    return { memoryBytes, spillBytes: Math.floor(this.spillBytes * memoryBytes / this.memoryBytes) };
  }

  private get flexible(): readonly SharedHolder[] {
    return [...this.shared].filter((holder) => !this.locked.has(holder));
  }

  private get lockedBytes(): number {
    return [...this.locked.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** What is held neither by sessions nor by locked instances. */
  private get unlocked(): number {
    return this.memoryBytes - this.reservedBytes - this.lockedBytes;
  }

  /** The most that all sessions and DuckDBs can have together. */
  private get forSessions(): number {
    const isAllLocked = this.keptBytes > 0 || (this.shared.size > 0 && this.flexible.length === 0);
    return this.memoryBytes - this.keptBytes - this.lockedBytes - (isAllLocked ? 0 : MIN_SHARE_BYTES);
  }

  /** Gives the shared instances what is left after `taken` more is taken. Throws if one cannot give way. */
  private async limitShared(taken = 0): Promise<void> {
    this.isOutdated = false;
    const { flexible } = this;
    const limits = this.limits((this.unlocked - taken) / flexible.length);
    for (const holder of flexible) {
      try {
        await holder.setLimits(limits);
      } catch (error) {
        if (DUCKDB.configurationLocked.test(messageOf(error)) && this.shared.has(holder)) {
          this.locked.set(holder, this.given.get(holder)!);
          this.isOutdated = true;
        }
        throw error;
      }
      this.given.set(holder, limits.memoryBytes);
    }
  }

  /** Gives released memory to the shared instances. If another call has the turn, that call does it at its end. */
  private rebalance(): void {
    this.isOutdated = true;
    const release = this.turn.tryAcquire();
    if (release) void this.catchUp(release);
  }

  private async catchUp(release: () => void): Promise<void> {
    while (this.isOutdated) await this.limitShared().catch(() => undefined);
    release();
  }

  /** The error if there can never be so much. */
  private never({ wanted }: Pick<Waiter, 'wanted'>): BudgetError | undefined {
    const { forSessions, lockedBytes } = this;
    if ((wanted ?? MIN_SHARE_BYTES) <= forSessions) return undefined;
    const asked = wanted === undefined ? 'a session or DuckDB asked for memory' : `a memory of ${inMiB(wanted)} MiB was asked for`;
    const all = `${asked}, and all instances of this process have ${inMiB(this.memoryBytes)} MiB together`;
    if (lockedBytes > 0) {
      return new BudgetError(`${all}, ${inMiB(lockedBytes)} of it held by a shared instance whose configuration SQL has locked, so the runtime cannot lower its ` +
        "memory limit: put lock_configuration into the function's settings, which leaves half of the memory to sessions, or lock a session only", { retryable: false });
    }
    const kept = this.keptBytes > 0
      ? `${inMiB(this.keptBytes)} of it kept for the shared instance, because the function's settings lock the configuration`
      : `${inMiB(MIN_SHARE_BYTES)} of it for the shared instance`;
    return new BudgetError(`${all}, ${kept}: ask for less, or raise the function's memorySize`, { retryable: false });
  }

  private exhausted(cause: unknown): BudgetError {
    const why = cause === undefined ? '' : ` (the shared instance could not give way: ${messageOf(cause).split('\n', 1)[0]})`;
    return new BudgetError(`no memory for another session or DuckDB within ${this.acquireTimeoutMs / 1000} s: ${inMiB(this.reservedBytes)} of ` +
      `${inMiB(this.memoryBytes)} MiB are taken by ${this.shares}${why}; close them sooner, ask for less with { memory }, or raise the function's memorySize`,
    { cause });
  }
}

const BUDGET = Symbol.for('cdk-duckdb-lambda.budget.v1');

/** The budget of this process. The first caller's settings decide its size. */
export function processBudget(env: NodeJS.ProcessEnv, settings: Readonly<Record<string, string>>): Budget {
  const machine = processMemoryBytes(env);
  const disk = spillCapacity(settings.temp_directory);
  const memory = bytesOf(settings.memory_limit, machine) ?? lambdaMemoryLimit(env) ?? Math.floor(machine * SHARE_OF_MACHINE);
  const kept = locksConfiguration(settings) ? Math.floor(memory / 2) : 0;
  const spill = bytesOf(settings.max_temp_directory_size, disk) ?? disk;
  return (globalThis as { [BUDGET]?: Budget })[BUDGET] ??= new Budget(memory, spill, ACQUIRE_TIMEOUT_MS, kept);
}

function inMiB(bytes: number): number {
  return Math.round(bytes / MIB);
}
