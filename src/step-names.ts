import { Token } from 'aws-cdk-lib';
import { IBootstrapStep } from './bootstrap-step';
import { DatabaseConfig, StepConfig } from './runtime-config';

/** Refuses steps that handler code could not name. */
export function checkStepNames(steps: IBootstrapStep[], at: string): void {
  const seen = new Set<string>();
  for (const { name } of steps) {
    if (!/^[A-Za-z][\w-]*$/.test(name)) {
      throw new Error(`${at} has a bootstrap step named "${name}": expected a letter, followed by letters, digits, "-" or "_"`);
    }
    if (seen.has(name)) {
      throw new Error(`${at} has two bootstrap steps named "${name}": give one of them another name, as in new S3Step({ name: 'archive', ... })`);
    }
    seen.add(name);
  }
}

/** Steps that attach all that they provide; others may add to what is there. */
const ATTACHING = ['postgres', 'motherduck'];

/** Refuses a database in which two steps would attach one catalog. */
export function checkCatalogs(steps: StepConfig[], databases: { [name: string]: DatabaseConfig }, at: string): void {
  const all: { [name: string]: DatabaseConfig } = { default: {}, ...databases };
  for (const database of Object.values(all)) {
    const attached = new Map<string, string>();
    const attaching = steps.filter(({ name, type }) => ATTACHING.includes(type) && (database.steps?.includes(name) ?? true));
    for (const { name, provides = [] } of attaching) {
      for (const catalog of provides.filter((each) => !Token.isUnresolved(each))) {
        const other = attached.get(catalog.toLowerCase());
        if (other) {
          throw new Error(`${at} has two bootstrap steps that attach the catalog "${catalog}", "${other}" and "${name}": `
            + 'give one of them another catalog, as in new PostgresStep({ catalog: \'archive\', ... }), or each a database of its own');
        }
        attached.set(catalog.toLowerCase(), name);
      }
    }
  }
}
