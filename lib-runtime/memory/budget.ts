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
const MIN_SHARE_BYTES = 16 * MIB;
/** DuckDB's own default share of a machine (https://duckdb.org/docs/stable/configuration/overview). */
const SHARE_OF_MACHINE = 0.8;
const ACQUIRE_TIMEOUT_MS = 10_000;
const TRY_EVERY_MS = 50;

/** Who waits for a share. */
interface Waiter {
  /** Undefined for half of what is left, or as much of that as can be had. */
  readonly wanted: number | undefined;
  /** How much was given to those who came later. */
  passedBytes: number;
  /** Why the shared instances have not given way, when it was tried last. */
  refusal: unknown;
  readonly settle: (outcome: Share | BudgetError) => void;
}

/**
 * Memory and spill of the process, shared out among its instances.
 *
 * DuckDB's limits are an instance's: three instances at 300 MB each were seen at 1,152 MB together. So the shared instances use all of it
 * while alone; each session and DuckDB takes a part, and the shared limit is lowered meanwhile; when nothing is left, the next one waits.
 *
 * Who waits is passed by those after it that fit into what is left, but by no more bytes than it wants itself: then all wait for it. So it
 * waits at most for those that are open, and for as much as it wants on top.
 *
 * Where the configuration is locked, nobody can change what an instance may use. If that is known beforehand, the shared instances keep
 * `keptBytes` for good, and the rest is for sessions; one that locks itself later keeps what it has just then.
 */
export class Budget {
  private readonly shared = new Set<SharedHolder>();
  /** What those shared instances hold that nobody can change any more. */
  private readonly locked = new Map<SharedHolder, number>();
  /** What each shared instance was given last. */
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

  /** How much there is, and how much is taken. */
  get figures(): BudgetFigures {
    return { memoryBytes: this.memoryBytes, reservedBytes: this.reservedBytes, shares: this.shares, waiting: this.queue.length };
  }

  /** Makes a shared instance with its part of what is left, at once; the other shared ones give way. */
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

  /** Gives the part of a shared instance back to the others. */
  removeShared(holder: SharedHolder): void {
    this.locked.delete(holder);
    this.given.delete(holder);
    if (!this.shared.delete(holder)) return;
    this.notice();
    this.rebalance();
  }

  /**
   * Takes `wantedMiB`, by default half of what is left, or less if the shared instances cannot spare that.
   *
   * Waits when there is not so much. Throws `BUDGET` after 10 s, or at once if there can never be.
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

  /** Serves who waits, until nobody does. */
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

  /** Serves the first that fits and may pass those before it. Tells whether it is to be looked again at once. */
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
          // One of several shared instances may have given way all the same.
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

  /** Waits until something has changed. What shared instances use is not told: that is looked at again and again. */
  private async change(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      timer = setTimeout(resolve, TRY_EVERY_MS);
    });
    this.wake = undefined;
    clearTimeout(timer);
  }

  /** Who waits may fit by now. */
  private notice(): void {
    this.isChanged = true;
    this.wake?.();
  }

  /** What to try for, largest first, as long as the shared instances keep the least they need, and nobody is passed by too much. */
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

  /** What neither sessions hold nor instances that nobody can change. */
  private get unlocked(): number {
    return this.memoryBytes - this.reservedBytes - this.lockedBytes;
  }

  /** What all sessions and DuckDBs can have together. */
  private get forSessions(): number {
    const isAllLocked = this.keptBytes > 0 || (this.shared.size > 0 && this.flexible.length === 0);
    return this.memoryBytes - this.keptBytes - this.lockedBytes - (isAllLocked ? 0 : MIN_SHARE_BYTES);
  }

  /** Gives the shared instances what is left when `taken` more is taken. Throws where one cannot give way. */
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

  /** Why there can never be so much, where that is so. */
  private never({ wanted }: Pick<Waiter, 'wanted'>): BudgetError | undefined {
    const { forSessions, lockedBytes } = this;
    if ((wanted ?? MIN_SHARE_BYTES) <= forSessions) return undefined;
    const asked = wanted === undefined ? 'a session or DuckDB asked for memory' : `a memory of ${inMiB(wanted)} MiB was asked for`;
    const all = `${asked}, and all instances of this process have ${inMiB(this.memoryBytes)} MiB together`;
    if (lockedBytes > 0) {
      return new BudgetError(`${all}, ${inMiB(lockedBytes)} of it held by a shared one whose configuration was locked by SQL, so that nobody can lower its ` +
        "memory limit: put lock_configuration into the function's settings, which leaves half of the memory to sessions, or lock a session only", { retryable: false });
    }
    const kept = this.keptBytes > 0
      ? `${inMiB(this.keptBytes)} of it kept for the shared one, as the function's settings lock the configuration`
      : `${inMiB(MIN_SHARE_BYTES)} of it for the shared one`;
    return new BudgetError(`${all}, ${kept}: ask for less, or raise the function's memorySize`, { retryable: false });
  }

  private exhausted(cause: unknown): BudgetError {
    const why = cause === undefined ? '' : ` (the shared instance could not give way: ${messageOf(cause).split('\n', 1)[0]})`;
    return new BudgetError(`no memory for another session or DuckDB within ${this.acquireTimeoutMs / 1000} s: ${inMiB(this.reservedBytes)} of ` +
      `${inMiB(this.memoryBytes)} MiB are taken by ${this.shares}${why}; close them sooner, ask for less by { memory }, or raise the function's memorySize`,
    { cause });
  }
}

const BUDGET = Symbol.for('cdk-duckdb-lambda.budget.v1');

/** The budget of this process; the first caller's settings decide its size. */
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
