import { BoundStep } from './runtime-config';
import { warnOfMissingStatements } from '../aws/immutable-role';
import { checkedConfig } from '../bootstrap/bootstrap-config';
import { BootstrapStepConfig, IBootstrapStep } from '../bootstrap/bootstrap-step';
import { IDuckDbHost } from '../duckdb-host';

/** Lets the steps grant a host what they need, and returns their configuration for its runtime. */
export function bindSteps(host: IDuckDbHost, steps: IBootstrapStep[]): BoundStep[] {
  return warnOfMissingStatements(host, host.executionRole!, () => steps.map((step) => (
    { name: step.name, ...checkedConfig(step.name, bind(step, host), host.node.path) }
  )));
}

/** Names the step in an error that does not name it. */
function bind(step: IBootstrapStep, host: IDuckDbHost): BootstrapStepConfig {
  try {
    return step.bind(host);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (message.includes(`"${step.name}"`)) throw error;
    throw new Error(`cannot bind the bootstrap step "${step.name}" of ${host.node.path}: ${message}`, { cause: error });
  }
}
