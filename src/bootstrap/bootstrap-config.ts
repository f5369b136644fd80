import { BootstrapStepConfig, IBootstrapStep } from './bootstrap-step';
import { expectKnownProps, expectList, expectText, expectTexts, PropNames, shown } from '../checks/expect';

/** Refuses what is not a list of steps, as plain JavaScript can give it. */
export function checkSteps(steps: unknown, at: string): asserts steps is IBootstrapStep[] {
  expectList(steps, `${at} has as bootstrap`, '[new S3Step({ buckets: [lake] })]');
  for (const step of steps) {
    // Every class has a bind of its own, that of functions.
    if (typeof step === 'object' && typeof (step as IBootstrapStep | null)?.bind === 'function') continue;
    throw new Error(`${at} has in bootstrap ${shown(step)}: expected a step such as new S3Step({ buckets: [lake] })`);
  }
}

const CONFIG: PropNames<BootstrapStepConfig> = { type: true, provides: true, attaches: true, config: true };

/** What a step says of itself, which is the user's own work where the step is; a catalog without a name would be waited for for ever. */
export function checkedConfig(name: string, config: BootstrapStepConfig, at: string): BootstrapStepConfig {
  const step = `the bootstrap step "${name}" of ${at}`;
  if (typeof config !== 'object' || config === null) {
    throw new Error(`${step} returns ${shown(config)} from bind: expected what the runtime needs, such as { type: 'sql', config: { statements } }`);
  }
  expectKnownProps(config, CONFIG, `what ${step} returns from bind`);
  expectText(config.type, `${step} has the type`, 'sql');
  if (config.provides !== undefined) expectTexts(config.provides, `${step} provides the catalog`, 'lake');
  if (config.attaches !== undefined) expectTexts(config.attaches, `${step} attaches the catalog`, 'lake');
  return config;
}
