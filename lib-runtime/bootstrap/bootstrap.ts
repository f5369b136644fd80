import type { DuckDBConnection } from '@duckdb/node-api';
import { lacksSecret, mayDropSecret, presentSecrets } from './dropped-secrets';
import { isOutdated } from './postgres-schema';
import type { BootstrapStep, StepContext } from './step';
import { BootstrapError, DuckDbError, FatalError, messageOf, QueryError } from '../base/errors';
import { failedToBind, missingCatalog, namesOneOf } from '../diagnosis/missing-catalog';
import { advised, isFatal, postgresHints, textOf } from '../diagnosis/query-error';
import { withPart } from '../diagnosis/remote-write';
import { mayPass } from '../diagnosis/transient';
import type { ConnectionLease } from '../execution/connection';
import { type Attempt, runSql } from '../execution/statements';
import { isInTransaction, mayBeInTransactionAfter } from '../execution/transactions';
import type { OnDemandExtensions } from '../extensions/on-demand-extensions';
import { traced } from '../observe/tracing';
import type { QueryParameters } from '../values/parameters';

/** The instance whose steps these are. */
export interface BootstrapHost {
  /** What loads extensions for a statement, where any is loaded on demand. */
  readonly onDemand?: ((sql: string) => OnDemandExtensions | undefined) | undefined;
  /** Runs a task on a connection of its own; `mayBeInTransaction` tells whether it may leave a transaction open. */
  withRaw(task: (connection: DuckDBConnection) => Promise<void>, mayBeInTransaction?: () => boolean): Promise<void>;
  /** Runs SQL that may attach files, and keeps the record of them. */
  claimingFiles<T>(sql: string, run: () => Promise<T>): Promise<T>;
  /** Notes that DuckDB refuses everything from now on. */
  markBroken(): void;
}

/** A step that failed before a statement that may not need it. */
interface Failure {
  readonly step: BootstrapStep;
  readonly error: DuckDbError;
}

interface State {
  readonly step: BootstrapStep;
  done: boolean;
  running: Promise<void> | undefined;
}

interface Statement<T> {
  readonly sql: string;
  readonly attempt: () => Promise<T>;
  /** Whether it may run again though it may have been executed in part. */
  readonly isRepeatable: () => Promise<boolean>;
  /** The catalog that names without one belong to. */
  readonly currentCatalog: () => Promise<string>;
  readonly states: readonly State[];
  readonly failures: readonly Failure[];
}

/** A statement runs again only after a step, and steps are few: more often than this means that something else is wrong. */
const MAX_ATTEMPTS = 5;

/** The bootstrap steps of one instance: each runs when first needed, once, however many callers need it at that moment. */
export class Bootstrap {
  /** Milliseconds that each step took, by name. */
  readonly timings: Record<string, number> = {};
  private readonly states: readonly State[];
  /** How many runs of steps have ended. */
  private ended = 0;
  /** Whether somebody may have dropped a step's secret since it was looked at. */
  private areSecretsInDoubt = false;

  constructor(steps: readonly BootstrapStep[], private readonly host: BootstrapHost) {
    this.states = steps.map((step) => ({ step, done: false, running: undefined }));
  }

  /** The names of the declared steps. */
  get names(): readonly string[] {
    return this.states.map(({ step }) => step.name);
  }

  /** What the declared steps attach. */
  get catalogs(): readonly string[] {
    return this.states.flatMap(({ step }) => step.provides);
  }

  /** What is waited for just now, for messages: the steps that run, else DuckDB. */
  get underWay(): string {
    const running = this.states.filter((state) => state.running !== undefined).map(({ step }) => `"${step.name}"`);
    return running.length === 0 ? 'DuckDB' : `the bootstrap step ${running.join(', ')}`;
  }

  /** Runs what needs no network of the steps in `allowed`. A failure is kept to the queries that need the step: it is tried again then. */
  async runImmediate(allowed: readonly string[] | undefined): Promise<void> {
    for (const state of this.select(allowed)) {
      if (state.step.immediate) await this.runOnce(state).catch(() => undefined);
    }
  }

  /** Runs the named steps, by hand, and those again of which something is missing by now. Throws a `BOOTSTRAP` error when one fails. */
  async run(names: readonly string[]): Promise<void> {
    await Promise.all(this.select(names).map(async (state) => {
      if (state.done && !await this.isInPlace(state.step)) state.done = false;
      if (!state.done) await this.runOnce(state);
    }));
  }

  /** Runs all that can run yet, together. `onFailure` is told of what fails; it is tried again at the next need. */
  async runAll(onFailure: (error: DuckDbError) => void): Promise<void> {
    const pending = this.states.filter(({ step, done }) => !done && step.ready);
    await Promise.all(pending.map((state) => this.runOnce(state).catch(onFailure)));
  }

  /**
   * How statements of `sql` run: after the steps of `allowed` that it seems to need, and once more after a step that one was found to lack.
   *
   * Throws a `BOOTSTRAP` error where a required step fails. Any other's failure is thrown only by a statement that lacked it.
   */
  async attempts(turn: ConnectionLease, sql: string, allowed: readonly string[] | undefined): Promise<Attempt> {
    const extensions = this.host.onDemand?.(sql);
    if (this.states.length === 0 && extensions === undefined) return (attempt) => attempt();
    await extensions?.before(sql);
    const states = this.select(allowed);
    const failures = await this.before(sql, states);
    const extended = <T>(attempt: () => Promise<T>) => (extensions === undefined ? attempt : () => extensions.attempt(turn, sql, attempt));
    const dropsSecret = mayDropSecret(sql);
    return async (attempt, isSelect) => {
      const isRepeatable = async () => isSelect() && !await isInTransaction(turn.raw);
      try {
        return await this.attempt({ sql, attempt: extended(attempt), states, failures, isRepeatable, currentCatalog: () => catalogOf(turn.raw) });
      } finally {
        if (dropsSecret) this.areSecretsInDoubt = true;
      }
    };
  }

  /** Notes which catalogs are attached: a step whose catalog somebody detached is to run again. */
  noteAttached(catalogs: readonly string[]): void {
    // Who had the connection itself may have dropped secrets too.
    this.areSecretsInDoubt = true;
    // One that runs just now may have detached it itself.
    for (const state of this.states.filter(({ running }) => running === undefined)) {
      if (!state.step.provides.every((provided) => catalogs.some((name) => name.toLowerCase() === provided.toLowerCase()))) state.done = false;
    }
  }

  /** Throws a `BOOTSTRAP` error that lists the declared steps when one of `names` is not declared. */
  check(names: readonly string[] | undefined): void {
    this.select(names);
  }

  private select(names: readonly string[] | undefined): readonly State[] {
    if (names === undefined) return this.states;
    return names.map((name) => {
      const state = this.states.find(({ step }) => step.name === name);
      if (state) return state;
      const declared = this.names.map((step) => `"${step}"`).join(', ') || 'none';
      throw new BootstrapError(`unknown bootstrap step "${name}"; declared are: ${declared}`, { retryable: false });
    });
  }

  private async before(sql: string, states: readonly State[]): Promise<readonly Failure[]> {
    if (this.areSecretsInDoubt) await this.noteSecrets();
    const needed = states.filter(({ step, done, running }) => {
      if (done) return step.isStale(sql);
      // One that is half done has attached its catalog, perhaps, and not filled it.
      return !step.required && (step.mayBeNeededBy(sql) || (running !== undefined && namesOneOf(step.provides, sql)));
    });
    const outcomes = needed.length === 0 ? [] : await Promise.allSettled(needed.map((state) => this.runOnce(state)));
    // In order: what one sets up, the next may use.
    for (const state of states) {
      if (state.step.required && !state.done) await this.runOnce(state);
    }
    return outcomes.flatMap((outcome, index) => (
      outcome.status === 'rejected' ? [{ step: needed[index]!.step, error: outcome.reason as DuckDbError }] : []
    ));
  }

  private async attempt<T>(statement: Statement<T>): Promise<T> {
    const { sql, attempt, isRepeatable, states, failures } = statement;
    const renewed = new Set<State>();
    let transient = false;
    let read = false;
    for (let left = MAX_ATTEMPTS; ; left--) {
      const { ended } = this;
      try {
        return await attempt();
      } catch (error) {
        const text = messageOf(error);
        if (error instanceof DuckDbError || left === 1) throw error;
        if (lacksSecret(text) || states.some(({ step, done }) => done && step.mayLackSecret?.(text))) await this.noteSecrets();
        const lacking = this.lacking(states, sql, text, ended);
        const failure = failures.find(({ step }) => lacking.some((state) => state.step === step) || step.isRefusedBy(text, false));
        if (failure) throw failure.error;
        const refused = states.filter((state) => !renewed.has(state) && state.step.isRefusedBy(text, state.done));
        if (isOutdated(text) && !read) {
          read = true;
          // Where that fails, the next attempt says why.
          await this.forgetSchemas().catch(() => undefined);
          if (!await isRepeatable()) throw schemaChanged(error);
          continue;
        }
        if (lacking.length + refused.length === 0) {
          if (!read && await this.mayKnowTooFewSchemas(statement, text)) {
            read = true;
            // Nothing was executed.
            await this.forgetSchemas().catch(() => undefined);
            continue;
          }
          if (transient || !states.some(({ step }) => step.isTransientFor(text)) || !await isRepeatable()) throw error;
          transient = true;
          continue;
        }
        const repeatable = refused.length === 0 || await isRepeatable();
        // When a step has ended meanwhile, somebody else had met the same, and it is cured.
        await Promise.all(lacking.map((state) => (state.done ? undefined : this.runOnce(state))));
        await Promise.all(refused.map((state) => (this.ended === ended ? this.runOnce(state) : state.running)));
        if (!repeatable) throw notRepeated(refused[0]!.step, error);
        refused.forEach((state) => renewed.add(state));
      }
    }
  }

  /** Whether a schema that DuckDB does not know of may have been made since it looked which there are. */
  private async mayKnowTooFewSchemas({ sql, states, currentCatalog }: Statement<unknown>, error: string): Promise<boolean> {
    const catalogs = states.flatMap(({ step, done }) => (done && step.remembersSchemas ? step.provides : []));
    if (catalogs.length === 0 || missingCatalog(error) === undefined) return false;
    return namesOneOf(catalogs, sql) || namesOneOf(catalogs, await currentCatalog());
  }

  /** PostgreSQL's schemas are read anew by the next statement. */
  private async forgetSchemas(): Promise<void> {
    await this.host.withRaw(async (connection) => void await connection.run('CALL pg_clear_cache()'));
  }

  /** The steps for want of which a statement failed to bind, when `since` runs of steps had ended. */
  private lacking(states: readonly State[], sql: string, error: string, since: number): readonly State[] {
    const lacking = states.filter(({ step, done, running }) => {
      const halfDone = (running !== undefined || this.ended !== since) && failedToBind(error) && namesOneOf(step.provides, sql);
      const isSecretMissing = lacksSecret(error) && namesOneOf(step.secrets ?? [], sql);
      return (step.binds(error) || isSecretMissing || halfDone) && (!done || this.ended !== since);
    });
    // What some step is known to provide is not looked for elsewhere.
    const named = lacking.filter(({ step }) => step.provides.length > 0);
    return named.length > 0 ? named : lacking;
  }

  /** Runs a step, or runs it anew; whoever needs it meanwhile waits for the same run. */
  private runOnce(state: State): Promise<void> {
    return state.running ??= traced('bootstrap', () => ({ step: state.step.name }), () => this.runStep(state)).finally(() => {
      state.running = undefined;
      this.ended += 1;
    });
  }

  private async runStep(state: State): Promise<void> {
    const { step } = state;
    const started = performance.now();
    const isRenewal = state.done;
    // Meanwhile what it provides may be missing: whoever finds so then waits, and does not fail.
    state.done = false;
    let hasBegun = false;
    const noteRun = (sql: string, hasFailed: boolean) => hasBegun = mayBeInTransactionAfter(sql, hasBegun, hasFailed);
    try {
      await this.host.withRaw((connection) => {
        const context = this.contextOf(state, connection, noteRun);
        return isRenewal ? step.renew(connection, context) : step.run(connection, context);
      }, () => hasBegun || step.mayBeginTransaction === true);
      state.done = true;
    } catch (cause) {
      // What stands from before is renewed the next time, not made.
      state.done = isRenewal && await this.isInPlace(step);
      throw this.failure(step, cause);
    } finally {
      this.timings[step.name] = performance.now() - started;
    }
  }

  private failure(step: BootstrapStep, cause: unknown): DuckDbError {
    const failed = `the bootstrap step "${step.name}" failed`;
    if (cause instanceof DuckDbError) return new BootstrapError(`${failed}: ${cause.message}`, { cause, retryable: cause.retryable });
    const text = textOf(cause);
    postgresHints().rememberPasswords(text);
    if (isFatal(text)) {
      this.host.markBroken();
      return new FatalError(`${failed}: ${text}`, { cause: new Error(text) });
    }
    return new BootstrapError(`${failed}: ${advised(text, '')}`, { cause, retryable: mayPass(text) });
  }

  private async isInPlace(step: BootstrapStep): Promise<boolean> {
    let present: readonly string[] = [];
    let secrets: ReadonlySet<string> = new Set();
    await this.host.withRaw(async (connection) => {
      const result = await connection.run('SELECT lower(database_name) FROM duckdb_databases()');
      present = (await result.getRows()).map(([name]) => String(name));
      secrets = await presentSecrets(connection);
    });
    return step.provides.every((name) => present.includes(name.toLowerCase())) && hasSecrets(step, secrets);
  }

  /** Looks which secrets there are: a step whose secret somebody dropped is to run again. */
  private async noteSecrets(): Promise<void> {
    this.areSecretsInDoubt = false;
    const mayLack = this.states.filter(({ step, done }) => done && !step.required && step.secrets?.length);
    if (mayLack.length === 0) return;
    await this.host.withRaw(async (connection) => {
      const secrets = await presentSecrets(connection);
      // One that runs just now puts its own there.
      for (const state of mayLack.filter(({ running }) => running === undefined)) {
        if (!hasSecrets(state.step, secrets)) state.done = false;
      }
    });
  }

  /** `noteRun` is told of each statement, and whether it has failed. */
  private contextOf(state: State, connection: DuckDBConnection, noteRun: (sql: string, hasFailed: boolean) => void): StepContext {
    const earlier = this.names.slice(0, this.states.indexOf(state));
    const turn: ConnectionLease = { raw: connection, ended: NEVER, assertOpen: () => undefined };
    return {
      ensureExtension: async (name) => this.host.onDemand?.('LOAD')?.ensure(name),
      execute: async (sql: string, parameters?: QueryParameters) => {
        const attempt = await this.attempts(turn, sql, earlier);
        let hasFailed = true;
        try {
          await this.host.claimingFiles(sql, () => runSql(turn, sql, parameters, attempt));
          hasFailed = false;
        } catch (error) {
          throw error instanceof DuckDbError ? error : withPartOf(error, sql, parameters);
        } finally {
          noteRun(sql, hasFailed);
        }
      },
    };
  }
}

/** Of names without one. */
async function catalogOf(connection: DuckDBConnection): Promise<string> {
  const result = await connection.run('SELECT current_database()');
  return String((await result.getRows())[0]?.[0]);
}

/** DuckDB's error, with what it means for what `sql` was writing. */
function withPartOf(error: unknown, sql: string, parameters: QueryParameters | undefined): unknown {
  const text = textOf(error);
  const told = withPart(text, sql, parameters);
  return told === text ? error : new Error(told, { cause: error });
}

function hasSecrets({ secrets = [] }: BootstrapStep, present: ReadonlySet<string>): boolean {
  return secrets.every((name) => present.has(name.toLowerCase()));
}

const NEVER = { aborted: false, addEventListener: () => undefined, removeEventListener: () => undefined };

function notRepeated(step: BootstrapStep, cause: unknown): BootstrapError {
  return new BootstrapError(`the access that the bootstrap step "${step.name}" gives had ended, and is renewed by now; the statement was not run again, ` +
    `as it is not a SELECT or stands in a transaction: roll back and run it again (${messageOf(cause)})`, { cause });
}

function schemaChanged(cause: unknown): QueryError {
  return new QueryError('PostgreSQL\'s schema has changed, and is read anew by now; the statement was not run again, as it is not a SELECT or stands in ' +
    `a transaction: roll back and run it again (${messageOf(cause)})`, { cause, retryable: true });
}
