import { Token } from 'aws-cdk-lib';
import { BootstrapStepConfig, IBootstrapStep } from './bootstrap-step';
import { expectCatalog } from '../checks/catalog';
import { expectKnownProps, expectList, expectText, PropNames, shown } from '../checks/expect';
import { expectJson } from '../checks/json-value';

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
  if ('then' in config) {
    throw new Error(`${step} returns a Promise from bind: expected what the runtime needs itself, because synthesis does not wait; `
      + 'do not declare bind as async, and fetch what it needs before the app is constructed');
  }
  expectKnownProps(config, CONFIG, `the result of bind of ${step}`);
  expectText(config.type, `${step} has the type`, 'sql');
  checkCatalogs(config, step);
  expectJson(config.config, step, 'config');
  return config;
}

function checkCatalogs({ provides = [], attaches = [] }: BootstrapStepConfig, step: string): void {
  expectList(provides, `${step} provides the catalog`, '["lake"]');
  expectList(attaches, `${step} attaches the catalog`, '["lake"]');
  provides.forEach((catalog) => expectCatalog(catalog, `${step} provides the catalog`, 'lake'));
  const provided = provides.map((catalog) => catalog.toLowerCase());
  for (const catalog of attaches) {
    expectText(catalog, `${step} attaches the catalog`, 'lake');
    if (Token.isUnresolved(catalog) || provided.includes(catalog.toLowerCase())) continue;
    throw new Error(`${step} attaches the catalog ${shown(catalog)}, which it does not provide: add it to provides, or remove it from attaches`);
  }
}
