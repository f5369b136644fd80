import { BootstrapStepConfig, IBootstrapStep } from './bootstrap-step';
import { expectKnownProps, expectList, expectText, expectTexts, PropNames, shown } from '../checks/expect';

/** Refuses a value that is not a list of steps. Plain JavaScript can pass one. */
export function checkSteps(steps: unknown, at: string): asserts steps is IBootstrapStep[] {
  expectList(steps, `${at} has as bootstrap`, '[new S3Step({ buckets: [lake] })]');
  for (const step of steps) {
    // A class has a bind too: that of every function.
    if (typeof step === 'object' && typeof (step as IBootstrapStep | null)?.bind === 'function') continue;
    throw new Error(`${at} has in bootstrap ${shown(step)}: expected a step such as new S3Step({ buckets: [lake] })`);
  }
}

const CONFIG: PropNames<BootstrapStepConfig> = { type: true, provides: true, attaches: true, config: true };

/** Checks a step's configuration, which users write for their own steps. The runtime would wait forever for a catalog without a name. */
export function checkedConfig(name: string, config: BootstrapStepConfig, at: string): BootstrapStepConfig {
  const step = `the bootstrap step "${name}" of ${at}`;
  if (typeof config !== 'object' || config === null) {
    throw new Error(`${step} returns ${shown(config)} from bind: expected what the runtime needs, such as { type: 'sql', config: { statements } }`);
  }
  expectKnownProps(config, CONFIG, `the result of bind of ${step}`);
  expectText(config.type, `${step} has the type`, 'sql');
  if (config.provides !== undefined) expectTexts(config.provides, `${step} provides the catalog`, 'lake');
  if (config.attaches !== undefined) expectTexts(config.attaches, `${step} attaches the catalog`, 'lake');
  return config;
}
