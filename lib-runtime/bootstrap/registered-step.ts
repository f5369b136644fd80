import type { DuckDBConnection } from '@duckdb/node-api';
import { CatalogStep } from './catalog-step';
import { DIAGNOSES, type Diagnosis, type StepContext } from './step';
import type { BootstrapContext, BootstrapStepType } from './step-type';
import { readSecret, secretReference } from '../aws/secrets';
import type { StepConfig } from '../base/config';
import { ConfigError, fullMessageOf } from '../base/errors';
import { shown } from '../base/shown';

/** A step of a type that the user has registered. The user's functions are not trusted to return what they should. */
export class RegisteredStep extends CatalogStep {
  /** The step uses the connection itself. */
  readonly mayBeginTransaction = true;

  constructor(private readonly declared: StepConfig, private readonly type: BootstrapStepType) {
    super(declared);
  }

  override get runsImmediately(): boolean {
    return this.type.runsImmediately === true;
  }

  get secrets(): readonly string[] {
    return this.type.secrets ?? [];
  }

  override diagnose(error: string, isDone: boolean): Diagnosis | undefined {
    if (this.type.diagnose === undefined) return super.diagnose(error, isDone);
    const asked = () => this.type.diagnose!(error, this.declared.config, isDone);
    return this.answer('diagnose', asked, DIAGNOSES, `${DIAGNOSES.map((each) => `"${each}"`).join(', ')} or undefined`, error) ?? super.diagnose(error, isDone);
  }

  override isStale(): boolean {
    if (this.type.isStale === undefined) return false;
    return this.answer('isStale', () => this.type.isStale!(this.declared.config), [true, false], 'true or false') ?? false;
  }

  async run(connection: DuckDBConnection, context: StepContext): Promise<void> {
    await this.type.run(connection, this.declared.config, this.contextOf(context));
  }

  override async renew(connection: DuckDBConnection, context: StepContext): Promise<void> {
    if (this.type.renew === undefined) await this.run(connection, context);
    else await this.type.renew(connection, this.declared.config, this.contextOf(context));
  }

  /** The answer of a function of the user. Throws `CONFIG` if it throws, or returns something else; `error` is the error that it was asked about. */
  private answer<T>(name: string, ask: () => T | undefined, allowed: readonly T[], expected: string, error?: string): T | undefined {
    const about = error === undefined ? '' : `; it was asked about: ${error}`;
    let answer: T | undefined;
    try {
      answer = ask();
    } catch (cause) {
      throw new ConfigError(`${name} of the bootstrap step "${this.name}" threw: ${fullMessageOf(cause)}${about}`, { cause });
    }
    if (answer === undefined || allowed.includes(answer)) return answer;
    // Otherwise the process would end if nobody handles the rejection.
    if (answer instanceof Promise) answer.catch(() => undefined);
    throw new ConfigError(`${name} of the bootstrap step "${this.name}" returned ${shown(answer)}, expected ${expected}${about}`);
  }

  private contextOf({ error, execute }: StepContext): BootstrapContext {
    const { name } = this;
    const secret = (reference: unknown) => readSecret(secretReference(reference, `what the bootstrap step "${name}" passes to secret()`));
    return { name, error, secret, execute };
  }
}
