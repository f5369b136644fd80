import type { DuckDBConnection } from '@duckdb/node-api';
import { DeclaredStep, type NoteRun, type StepHost } from './declared-step';
import { mayDropSecret, presentSecrets } from './dropped-secrets';
import { inOrder, shareCatalogs, unlessEnded } from './in-order';
import { ignoresLackOf, namesCatalogOf } from './named-catalogs';
import { type Steps, type StepsBefore, withRepeats } from './repeat';
import type { BootstrapStep, NoteCommit, StepContext } from './step';
import type { AbortSignalLike } from '../base/abort';
import { BootstrapError, DuckDbError } from '../base/errors';
import { namesOneOf } from '../diagnosis/missing-catalog';
import { textOf } from '../diagnosis/query-error';
import { withPart } from '../diagnosis/remote-write';
import type { ConnectionLease } from '../execution/connection';
import { currentCatalog } from '../execution/current-catalog';
import { Statement } from '../execution/statement';
import { type Attempt, runStatement } from '../execution/statements';
import { isInTransaction } from '../execution/transactions';
import type { OnDemandExtensions } from '../extensions/on-demand-extensions';
import type { QueryParameters } from '../values/parameters';

/** The instance that the steps belong to. */
export interface BootstrapHost {
  /** Loads extensions on demand for a statement, if any extension is loaded on demand. */
  readonly onDemand?: ((sql: string) => OnDemandExtensions | undefined) | undefined;
  /** Runs a task on a separate connection; `mayBeInTransaction` says whether the task may leave a transaction open. */
  withRaw(task: (connection: DuckDBConnection) => Promise<void>, mayBeInTransaction?: () => boolean): Promise<void>;
  /** Runs a statement of a step with `run`. The statement may attach files, and may read remote files. */
  runOfStep<T>(statement: Statement, parameters: object | undefined, run: () => Promise<T>): Promise<T>;
  /** Records that DuckDB refuses every statement from now on. */
  markBroken(): void;
}

/** The bootstrap steps of one instance. Each step runs when it is first needed, and only once, however many callers need it at that moment. */
export class Bootstrap implements StepHost, Steps {
  /** The duration of each step's last run, in milliseconds, by name. */
  readonly timings: Record<string, number> = {};
  runs = 0;
  private readonly steps: readonly DeclaredStep[];
  /** Whether a secret of a step may have been dropped since the secrets were listed. */
  private areSecretsInDoubt = false;
  /** The catalogs that were attached after the last ATTACH or DETACH, in lower case. */
  private attached: ReadonlySet<string> = new Set();

  constructor(steps: readonly BootstrapStep[], private readonly host: BootstrapHost) {
    this.steps = steps.map((step) => new DeclaredStep(step, this));
  }

  /** The names of the declared steps. */
  get names(): readonly string[] {
    return this.steps.map(({ step }) => step.name);
  }

  /** The catalogs that the declared steps attach. */
  get catalogs(): readonly string[] {
    return this.steps.flatMap(({ step }) => step.provides);
  }

  /** The remote files to prefetch, as URLs or patterns: those of the steps that have run. */
  get prefetched(): readonly string[] {
    return this.steps.flatMap(({ step, isDone }) => (isDone ? step.prefetch ?? [] : []));
  }

  /** What a caller waits for at the moment, for messages: the running steps, else DuckDB. */
  get underWay(): string {
    const running = this.steps.filter((declared) => declared.running !== undefined).map(({ step }) => `"${step.name}"`);
    return running.length === 0 ? 'DuckDB' : `the bootstrap step ${running.join(', ')}`;
  }

  /** Runs the steps of `allowed` that do not need the network. If a step fails, the first query that needs it tries again. */
  async runImmediate(allowed: readonly string[] | undefined): Promise<void> {
    for (const declared of this.select(allowed)) {
      if (declared.step.runsImmediately) await declared.runOnce().catch(() => undefined);
    }
  }

  /** Runs the named steps explicitly, also steps that have run but of which something is missing. Throws a `BOOTSTRAP` error if a step fails. */
  async run(names: readonly string[]): Promise<void> {
    await inOrder(this.select(names), async (declared) => {
      if (declared.isDone && !await this.isInPlace(declared.step)) declared.isDone = false;
      if (!declared.isDone || declared.step.isStale()) await declared.runOnce();
    });
  }

  /** Runs all steps that can run yet, together. `onFailure` is called for each step that fails. The step is tried again at the next need. */
  async runAll(onFailure: (error: DuckDbError) => void): Promise<void> {
    const pending = this.steps.filter(({ step, isDone }) => !isDone && step.ready);
    await inOrder(pending, (declared) => declared.runOnce().catch(onFailure));
  }

  /**
   * Runs the statement after the steps of `allowed` that it seems to need, and again after a step that its error requires.
   *
   * Throws a `BOOTSTRAP` error if a required step fails. The failure of another step is thrown only by a statement that needed the step.
   *
   * `noteCommit` is undefined if the statement still runs when an attempt has settled.
   */
  async attempts(
    lease: ConnectionLease, statement: Statement, parameters: QueryParameters | undefined, allowed: readonly string[] | undefined,
    noteCommit?: NoteCommit,
  ): Promise<Attempt> {
    const { sql } = statement;
    const extensions = this.host.onDemand?.(sql);
    if (this.steps.length === 0 && extensions === undefined) return (attempt) => attempt();
    await extensions?.before(sql);
    const steps = this.select(allowed);
    const before = await this.before(statement, steps, lease.ended);
    if (steps.some(({ step }) => step.check)) await unlessEnded(this.askSteps(steps, sql, parameters, before), lease.ended);
    const extended = <T>(attempt: () => Promise<T>) => (extensions === undefined ? attempt : () => extensions.attempt(lease, sql, attempt));
    const dropsSecret = mayDropSecret(sql);
    return async (attempt, isSelect) => {
      const isRepeatable = async () => isSelect() && !await isInTransaction(lease.raw);
      const isCommittedAlone = async () => noteCommit !== undefined && statement.transactionControl.length === 0 && !await isInTransaction(lease.raw);
      const surrounded = () => surround(steps, lease, statement, extended(attempt), noteCommit);
      try {
        const { ended, raw } = lease;
        return await withRepeats({
          statement, attempt: surrounded, steps, before, isRepeatable, isCommittedAlone, ended, currentCatalog: () => currentCatalog(raw),
        }, this);
      } finally {
        if (dropsSecret) this.areSecretsInDoubt = true;
      }
    };
  }

  /**
   * The age in milliseconds that an answer from the files at `urls` may have, according to the steps of `allowed` that give access to them.
   * 0 if no step says so for one of the files.
   */
  maxStalenessMsOf(urls: readonly string[], allowed: readonly string[] | undefined): number {
    if (urls.length === 0) return 0;
    const steps = this.select(allowed);
    return Math.min(...urls.map((url) => Math.max(0, ...steps.map(({ step }) => step.maxStalenessMsOf?.(url) ?? 0))));
  }

  /** Whether the statement reads tables whose files are on another machine, as far as its text tells. */
  readsRemoteTables({ sql, isSelect }: Statement): boolean {
    return isSelect && this.namesRemoteTables(sql);
  }

  /** Whether the statement may write tables whose files are on another machine, as far as its text tells. */
  mayWriteRemoteTables({ sql, isSelect }: Statement): boolean {
    return !isSelect && this.namesRemoteTables(sql);
  }

  private namesRemoteTables(sql: string): boolean {
    return this.steps.some(({ step }) => step.hasRemoteFiles && namesOneOf(step.provides, sql));
  }

  /** Records which catalogs are attached. A step whose catalog was detached runs again. */
  noteAttached(catalogs: readonly string[]): void {
    // The user of the connection itself may have dropped secrets too.
    this.areSecretsInDoubt = true;
    this.attached = new Set(catalogs.map((name) => name.toLowerCase()));
    // A step that is running may have detached the catalog itself.
    for (const declared of this.steps.filter(({ running }) => running === undefined)) {
      if (!this.areAttached(declared.step.provides)) declared.isDone = false;
    }
  }

  /** Throws if a step does not allow the statement. If the step has failed, its check may lack what it asks, and its failure says more. */
  private async askSteps(
    steps: readonly DeclaredStep[], sql: string, parameters: QueryParameters | undefined, { failures }: StepsBefore,
  ): Promise<void> {
    for (const declared of steps) {
      try {
        await declared.step.check?.(sql, (task) => this.host.withRaw(task), parameters);
      } catch (refusal) {
        throw failures.get(declared) ?? refusal;
      }
    }
  }

  /** Throws a `BOOTSTRAP` error that lists the declared steps if one of `names` is not declared. */
  check(names: readonly string[] | undefined): void {
    this.select(names);
  }

  private select(names: readonly string[] | undefined): readonly DeclaredStep[] {
    if (names === undefined) return this.steps;
    return names.map((name) => {
      const declared = this.steps.find(({ step }) => step.name === name);
      if (declared) return declared;
      const known = this.names.map((step) => `"${step}"`).join(', ') || 'none';
      throw new BootstrapError(`unknown bootstrap step "${name}"; declared are: ${known}`, { retryable: false });
    });
  }

  /** Runs the steps that the statement seems to need, together. Does not throw the failures of steps that it may not need. */
  private async before(statement: Statement, steps: readonly DeclaredStep[], ended: AbortSignalLike): Promise<StepsBefore> {
    if (this.areSecretsInDoubt) await this.noteSecrets();
    const { sql } = statement;
    const failures = new Map<DeclaredStep, DuckDbError>();
    const needed = steps.filter((declared) => {
      const { step, isDone } = declared;
      if (isDone) return declared.isStale(sql);
      if (step.required) return false;
      if (step.mayBeNeededBy(sql) || (this.mayBeAttached(declared) && namesOneOf(step.provides, sql))) return true;
      // The user may have attached a catalog of that name.
      return !this.areAttached(step.provides) && namesCatalogOf(step.provides, statement);
    });
    const run = (declared: DeclaredStep) => declared.runOnce().catch((error) => void failures.set(declared, error));
    if (needed.length > 0) await unlessEnded(inOrder(needed, run), ended);
    for (const [{ step }, failure] of failures) if (ignoresLackOf(step.provides, statement)) throw failure;
    // In order, because a step may use what an earlier one has set up.
    for (const declared of steps) {
      if (declared.step.required && !declared.isDone) await unlessEnded(declared.runOnce(), ended);
    }
    return { ran: needed, failures };
  }

  private areAttached(catalogs: readonly string[]): boolean {
    return catalogs.every((name) => this.attached.has(name.toLowerCase()));
  }

  /** Whether the catalogs of a step that is not done may be attached, so that no binding error shows what is missing. */
  private mayBeAttached({ step, running, mayBeIncomplete }: DeclaredStep): boolean {
    return running !== undefined || mayBeIncomplete || this.steps.some((other) => other.isDone && shareCatalogs(other.step, step));
  }

  async isInPlace(step: BootstrapStep): Promise<boolean> {
    let present: readonly string[] = [];
    let secrets: ReadonlySet<string> = new Set();
    await this.host.withRaw(async (connection) => {
      const result = await connection.run('SELECT lower(database_name) FROM duckdb_databases()');
      present = (await result.getRows()).map(([name]) => String(name));
      secrets = await presentSecrets(connection);
    });
    return step.provides.every((name) => present.includes(name.toLowerCase())) && hasSecrets(step, secrets);
  }

  async noteSecrets(): Promise<void> {
    this.areSecretsInDoubt = false;
    const mayLack = this.steps.filter(({ step, isDone }) => isDone && !step.required && step.secrets?.length);
    if (mayLack.length === 0) return;
    await this.host.withRaw(async (connection) => {
      const secrets = await presentSecrets(connection);
      // A step that is running creates its own secrets again.
      for (const declared of mayLack.filter(({ running }) => running === undefined)) {
        if (hasSecrets(declared.step, secrets)) continue;
        declared.isDone = false;
        declared.mayBeIncomplete = true;
      }
    });
  }

  settleCommit({ step }: DeclaredStep, error: string, sql: string): Promise<void> {
    return this.host.withRaw(async (connection) => step.settleCommit?.(connection, error, sql), () => true);
  }

  withRaw(task: (connection: DuckDBConnection) => Promise<void>, mayBeInTransaction?: () => boolean): Promise<void> {
    return this.host.withRaw(task, mayBeInTransaction);
  }

  noteRunEnded({ name }: BootstrapStep, milliseconds: number): void {
    this.timings[name] = milliseconds;
    this.runs += 1;
  }

  markBroken(): void {
    this.host.markBroken();
  }

  contextOf(declared: DeclaredStep, connection: DuckDBConnection, error: string | undefined, noteRun: NoteRun): StepContext {
    const earlier = this.names.slice(0, this.steps.indexOf(declared));
    const lease: ConnectionLease = { raw: connection, ended: NEVER, assertOpen: () => undefined, keepOpen: () => undefined };
    return {
      error,
      ensureExtension: async (name) => this.host.onDemand?.('LOAD')?.ensure(name),
      execute: async (sql: string, parameters?: QueryParameters) => {
        const statement = new Statement(sql);
        const attempt = await this.attempts(lease, statement, parameters, earlier, () => undefined);
        let hasFailed = true;
        try {
          await this.host.runOfStep(statement, parameters, () => runStatement(lease, statement, parameters, attempt));
          hasFailed = false;
        } catch (cause) {
          throw cause instanceof DuckDbError ? cause : withPartOf(cause, sql, parameters);
        } finally {
          noteRun(statement, hasFailed);
        }
      },
    };
  }
}

/** Runs an attempt at a statement, with what the steps that have run do around it. */
function surround<T>(
  steps: readonly DeclaredStep[], lease: ConnectionLease, statement: Statement, attempt: () => Promise<T>, noteCommit: NoteCommit | undefined,
): Promise<T> {
  const around = ({ step, isDone }: DeclaredStep, inner: () => Promise<T>) => (
    isDone && step.around ? () => step.around!(lease, statement, inner, noteCommit) : inner
  );
  return steps.reduce((inner, declared) => around(declared, inner), attempt)();
}

/** DuckDB's error, with its consequence for the files that `sql` was writing. */
function withPartOf(error: unknown, sql: string, parameters: QueryParameters | undefined): unknown {
  const text = textOf(error);
  const told = withPart(text, sql, parameters);
  return told === text ? error : new Error(told, { cause: error });
}

function hasSecrets({ secrets = [] }: BootstrapStep, present: ReadonlySet<string>): boolean {
  return secrets.every((name) => present.has(name.toLowerCase()));
}

const NEVER = { aborted: false, addEventListener: () => undefined, removeEventListener: () => undefined };
