import type { BootstrapStep } from './step';
import type { StepConfig } from '../base/config';

/** The context in which a step is created. */
export interface StepEnvironment {
  readonly env: NodeJS.ProcessEnv;
  /** The maximum duration of an invocation, if it is known. */
  readonly timeoutSeconds: number | undefined;
}

/** Creates a declared step for one instance. Throws `CONFIG` for a configuration that it cannot read. */
export type StepFactory = (step: StepConfig, environment: StepEnvironment) => BootstrapStep;

interface StepType {
  readonly make: StepFactory;
  readonly isBuiltIn: boolean;
}

// The CommonJS and the ES module copy of this package share one registry.
const TYPES = Symbol.for('cdk-duckdb-lambda.step-types.v1');
const types: Map<string, StepType> = ((globalThis as { [TYPES]?: Map<string, StepType> })[TYPES] ??= new Map());

/** Registers a built-in type of step. The copy of the package that registers it first wins. */
export function registerBuiltIn(type: string, make: StepFactory): void {
  if (!types.has(type)) types.set(type, { make, isBuiltIn: true });
}

/** Registers a user's own type of step. The last registration wins. */
export function registerStepType(type: string, make: StepFactory): void {
  types.set(type, { make, isBuiltIn: false });
}

/** Whether the type is built in. */
export function isBuiltIn(type: string): boolean {
  return types.get(type)?.isBuiltIn ?? false;
}

/** The function that creates steps of `type`; undefined if the type is not registered, or not yet. */
export function stepFactory(type: string): StepFactory | undefined {
  return types.get(type)?.make;
}
