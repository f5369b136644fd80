import { setTimeout as sleep } from 'node:timers/promises';
import type { DeclaredStep } from './declared-step';
import { lacksSecret } from './dropped-secrets';
import { inOrder, unlessEnded } from './in-order';
import { namesCatalogOf } from './named-catalogs';
import type { Diagnosis } from './step';
import { type AbortSignalLike, orAborted } from '../base/abort';
import { BootstrapError, DuckDbError, messageOf } from '../base/errors';
import { failedToBind, mayLackCatalog, namesOneOf } from '../diagnosis/missing-catalog';
import { textOf } from '../diagnosis/query-error';
import type { Statement } from '../execution/statement';

/*
 * What is repeated, when and how often:
 *
 * | what failed                                        | repeated by              | when                                  | how often            |
 * |----------------------------------------------------|--------------------------|---------------------------------------|----------------------|
 * | a statement that lacks what a step sets up         | this file, after a run   | always: nothing was executed          | once for each step   |
 * | a statement to which a server refused access       | this file, after a run   | a SELECT outside of a transaction     | once for each step   |
 * | a statement that lost against another writer       | this file                | outside of a transaction              | up to twenty times   |
 * | a statement whose connection broke                 | this file                | a SELECT outside of a transaction     | once                 |
 * | a statement that lacks an extension, on a laptop   | extensions/on-demand     | unless it aborted a transaction       | once an extension    |
 * | a step that failed                                 | the next statement       | that needs the step                   | at each need         |
 * | a statement that ran out of memory with more       | instance/thread-count    | a SELECT outside of a transaction     | once                 |
 * | threads than vCPUs                                 |                          |                                       |                      |
 * | an HTTP request                                    | DuckDB itself            | 408, 429, 5xx, a broken connection    | `http_retries`       |
 * | a request for a secret or a role                   | aws/aws-request          | a throttled one, a broken connection  | see there            |
 */

/** A statement, and everything that decides whether it runs again. */
export interface RepeatedStatement<T> {
  readonly statement: Statement;
  readonly attempt: () => Promise<T>;
  /** Whether it may run again although parts of it may have been executed. */
  readonly isRepeatable: () => Promise<boolean>;
  /** Whether it is committed alone: a failed commit has then committed nothing. */
  readonly isCommittedAlone: () => Promise<boolean>;
  /** The catalog in which DuckDB looks for names without one. */
  readonly currentCatalog: () => Promise<string>;
  /** Aborts when the cursor has ended, so that nobody needs the answer. */
  readonly ended: AbortSignalLike;
  /** The steps that the statement may trigger. */
  readonly steps: readonly DeclaredStep[];
  readonly before: StepsBefore;
}

/** What has run before a statement that seemed to need it. */
export interface StepsBefore {
  readonly ran: readonly DeclaredStep[];
  /** The failures among them of steps that the statement may not need. */
  readonly failures: ReadonlyMap<DeclaredStep, DuckDbError>;
}

/** The steps of an instance, as far as a failed statement needs them. */
export interface Steps {
  /** The number of runs of steps that have ended. */
  readonly runs: number;
  /** Lists the existing secrets. A step whose secret is missing runs again. */
  noteSecrets(): Promise<void>;
  /** Makes sure that nothing of the statement `sql` was committed. Throws if it was committed, or if that cannot be found out. */
  settleCommit(step: DeclaredStep, error: string, sql: string): Promise<void>;
}

/** Apart from conflicts, a statement runs again only after a step, and there are few steps. A higher number of attempts means that something else is wrong. */
const MAX_ATTEMPTS = 5;

/** The first pause before a statement that lost against another writer runs again. Later pauses are longer; all vary, so that writers part. */
const CONFLICT_PAUSE_MS = 50;
const MAX_CONFLICT_PAUSE_MS = 500;
/** Many writers of one table may each lose often. */
const MAX_CONFLICTS = 20;

/** Runs a statement, and again after the steps that its error requires. */
export async function withRepeats<T>(statement: RepeatedStatement<T>, steps: Steps): Promise<T> {
  try {
    return await repeated(statement, steps);
  } catch (error) {
    throw explained(statement, error);
  }
}

async function repeated<T>(statement: RepeatedStatement<T>, steps: Steps): Promise<T> {
  const asked = new Set<string>();
  let hadBadLuck = false;
  let conflicts = 0;
  for (let attempts = 1; ; attempts++) {
    const runsBefore = steps.runs;
    try {
      return await statement.attempt();
    } catch (error) {
      if (error instanceof DuckDbError || attempts - conflicts === MAX_ATTEMPTS) throw error;
      const text = messageOf(error);
      await noteDroppedSecrets(statement, steps, text);
      const diagnoses = await diagnose(statement, text, steps.runs !== runsBefore);
      const failed = [...statement.before.failures].find(([step]) => ['missing', 'refused'].includes(diagnoses.get(step) ?? ''));
      if (failed) throw failed[1];
      const beaten = [...diagnoses].find(([, diagnosis]) => diagnosis === 'conflict')?.[0];
      if (beaten !== undefined) {
        await unlessEnded(steps.settleCommit(beaten, text, statement.statement.sql), statement.ended);
        if (conflicts === MAX_CONFLICTS || !await statement.isCommittedAlone()) throw error;
        await pause(Math.min(MAX_CONFLICT_PAUSE_MS, CONFLICT_PAUSE_MS * 2 ** conflicts) * (0.5 + Math.random()), statement.ended);
        conflicts += 1;
        continue;
      }
      const concerned = [...diagnoses].filter(([step, diagnosis]) => diagnosis !== 'transient' && !asked.has(question(step, diagnosis)));
      if (concerned.length === 0) {
        const isTransient = [...diagnoses.values()].includes('transient');
        if (!isTransient || hadBadLuck || !await statement.isRepeatable()) throw error;
        hadBadLuck = true;
        continue;
      }
      const refused = concerned.find(([, diagnosis]) => diagnosis === 'refused')?.[0];
      const isRepeatable = refused === undefined || await statement.isRepeatable();
      // If a step has run meanwhile, another statement had the same error, and the cause is fixed.
      const hasRunSince = steps.runs !== runsBefore;
      const run = inOrder(concerned.map(([step]) => step), async (step) => (hasRunSince ? step.running : step.runOnce(text)));
      await unlessEnded(run, statement.ended);
      if (!isRepeatable) throw notRepeated(refused!, error);
      concerned.forEach(([step, diagnosis]) => asked.add(question(step, diagnosis)));
    }
  }
}

/** Waits, but no longer than the cursor is there. */
function pause(milliseconds: number, ended: AbortSignalLike): Promise<void> {
  return orAborted(sleep(milliseconds), ended, () => 'waiting to write again, after another writer had committed first');
}

/** The error of the step that knows more about DuckDB's error than its text says. */
function explained({ statement, steps }: RepeatedStatement<unknown>, error: unknown): unknown {
  if (error instanceof DuckDbError) return error;
  const text = textOf(error);
  const isNamed = ({ step }: DeclaredStep) => namesOneOf(step.provides, statement.sql);
  for (const { step } of [...steps.filter(isNamed), ...steps.filter((declared) => !isNamed(declared))]) {
    const known = step.explain?.(text, statement.sql);
    if (known !== undefined) return known;
  }
  return error;
}

/** A request to a step, made once for each statement: to be set up, or to renew its access. */
function question({ step }: DeclaredStep, diagnosis: Diagnosis): string {
  return `${diagnosis} ${step.name}`;
}

/** A missing secret shows in the error of a statement that names it, and in the error of a server that got a request without it. */
async function noteDroppedSecrets({ steps: declared }: RepeatedStatement<unknown>, steps: Steps, error: string): Promise<void> {
  if (lacksSecret(error) || declared.some(({ step, isDone }) => isDone && step.secrets?.length && step.diagnose(error, false) === 'refused')) {
    await steps.noteSecrets();
  }
}

async function diagnose(statement: RepeatedStatement<unknown>, error: string, hasRunSince: boolean): Promise<ReadonlyMap<DeclaredStep, Diagnosis>> {
  const diagnoses = new Map<DeclaredStep, Diagnosis>();
  for (const declared of statement.steps) {
    const diagnosis = await diagnosisOf(declared, statement, error, hasRunSince);
    if (diagnosis !== undefined) diagnoses.set(declared, diagnosis);
  }
  // Names that one step is known to provide are not searched for elsewhere.
  const missing = [...diagnoses].filter(([, diagnosis]) => diagnosis === 'missing').map(([declared]) => declared);
  if (missing.some(({ step }) => step.provides.length > 0)) {
    missing.filter(({ step }) => step.provides.length === 0).forEach((declared) => diagnoses.delete(declared));
  }
  // Catalogs of one kind refuse with the same words: it is the one that the statement names.
  const refused = [...diagnoses].filter(([{ step }, diagnosis]) => diagnosis === 'refused' && step.provides.length > 0).map(([declared]) => declared);
  const isNamed = ({ step }: DeclaredStep) => namesOneOf(step.provides, statement.statement.sql);
  if (refused.some(isNamed)) refused.filter((declared) => !isNamed(declared)).forEach((declared) => diagnoses.delete(declared));
  return diagnoses;
}

async function diagnosisOf(
  declared: DeclaredStep, { statement, before, currentCatalog }: RepeatedStatement<unknown>, error: string, hasRunSince: boolean,
): Promise<Diagnosis | undefined> {
  const { step, isDone, running } = declared;
  const { sql } = statement;
  // Not every error of a statement whose catalog is missing names the catalog.
  if (before.failures.has(declared) && mayLackCatalog(error) && namesCatalogOf(step.provides, statement)) return 'missing';
  const wasDone = isDone && !hasRunSince;
  // A step that is running may have attached its catalog without filling it.
  const wasHalfDone = (running !== undefined || hasRunSince) && failedToBind(error) && namesOneOf(step.provides, sql);
  if (!wasDone && (wasHalfDone || (lacksSecret(error) && namesOneOf(step.secrets ?? [], sql)))) return 'missing';
  const diagnosis = step.diagnose(error, wasDone);
  if (diagnosis !== 'missing' || !wasDone) return diagnosis;
  if (before.ran.includes(declared)) return undefined;
  // A step that had run earlier is asked again, but only for the names that the statement looks up in the step's catalogs.
  const isItsOwn = namesOneOf(step.provides, sql) || namesOneOf(step.provides, await currentCatalog());
  return isItsOwn ? 'missing' : undefined;
}

function notRepeated({ step }: DeclaredStep, cause: unknown): BootstrapError {
  return new BootstrapError(`what the bootstrap step "${step.name}" sets up was out of date, and was renewed; the statement did not run again, ` +
    `because it is not a SELECT or is part of a transaction: run it, or its whole transaction, again (${messageOf(cause)})`, { cause });
}
