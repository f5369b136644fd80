import { Token } from 'aws-cdk-lib';
import { BoundStep, DatabaseConfig } from './runtime-config';
import { IBootstrapStep } from '../bootstrap/bootstrap-step';
import { shown } from '../checks/expect';

/** Refuses steps with names that handler code cannot use. */
export function checkStepNames(steps: IBootstrapStep[], at: string): void {
  const seen = new Map<string, IBootstrapStep>();
  for (const step of steps) {
    const { name } = step;
    if (typeof name !== 'string' || !/^[A-Za-z][\w-]*$/.test(name)) {
      throw new Error(`${at} has a bootstrap step named ${shown(name)}: expected a letter, followed by letters, digits, "-" or "_"`);
    }
    const other = seen.get(name);
    if (other === step) throw new Error(`${at} has the bootstrap step "${name}" twice in its list: remove one of them`);
    if (other !== undefined) {
      const classes = [...new Set([other, step].map(classOf))];
      throw new Error(`${at} has two bootstrap steps named "${name}", ${classes.length === 1 ? `each a ${classes[0]}` : `a ${classes.join(' and a ')}`}: `
        + `give one of them another name, as in new ${classOf(step)}({ name: 'archive', ... })`);
    }
    seen.set(name, step);
  }
}

function classOf(step: IBootstrapStep): string {
  return step.constructor?.name ?? 'Object';
}

/** Refuses a database in which two steps would attach the same catalog. */
export function checkCatalogs(steps: BoundStep[], databases: { [name: string]: DatabaseConfig }, at: string): void {
  const all: { [name: string]: DatabaseConfig } = { default: {}, ...databases };
  for (const database of Object.values(all)) {
    const attached = new Map<string, BoundStep>();
    for (const step of steps.filter(({ name }) => database.steps?.includes(name) ?? true)) {
      for (const catalog of (step.attaches ?? []).filter((name) => !Token.isUnresolved(name))) {
        const other = attached.get(catalog.toLowerCase());
        if (other) {
          throw new Error(`${at} has two bootstrap steps that attach the catalog "${catalog}", "${other.name}" and "${step.name}": `
            + 'let one of them attach it under another name (the prop catalog of a step, the statement and provides of a SqlStep), leave it to one of them, '
            + 'or give each its own database with the prop databases');
        }
        attached.set(catalog.toLowerCase(), step);
      }
    }
  }
}
