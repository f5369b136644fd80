import { BoundStep } from './runtime-config';
import { warnOfMissingStatements } from '../aws/immutable-role';
import { checkedConfig } from '../bootstrap/bootstrap-config';
import { IBootstrapStep } from '../bootstrap/bootstrap-step';
import { IDuckDbHost } from '../duckdb-host';

/** Lets the steps grant a host what they need, and returns their configuration for its runtime. */
export function bindSteps(host: IDuckDbHost, steps: IBootstrapStep[]): BoundStep[] {
  return warnOfMissingStatements(host, host.executionRole!, () => steps.map((step) => (
    { name: step.name, ...checkedConfig(step.name, step.bind(host), host.node.path) }
  )));
}
