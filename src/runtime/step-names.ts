import { Token } from 'aws-cdk-lib';
import { DatabaseConfig, StepConfig } from './runtime-config';
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
        + `give one of them ${isPostgres(step) && isPostgres(other) ? 'another name and another catalog' : 'another name'}, as in ${example(step)}`);
    }
    seen.set(name, step);
  }
}

function classOf(step: IBootstrapStep): string {
  return step.constructor?.name ?? 'Object';
}

function isPostgres(step: IBootstrapStep): boolean {
  return classOf(step) === 'PostgresStep';
}

function example(step: IBootstrapStep): string {
  return `new ${classOf(step)}({ name: 'archive', ${isPostgres(step) ? 'catalog: \'archive\', ' : ''}... })`;
}

/** Step types that attach what they provide, with the way to give each another catalog, easiest first. Other types may add to an attached catalog. */
const ATTACHING: { [type: string]: string } = {
  postgres: 'give one of them another catalog, as in new PostgresStep({ name: \'archive\', catalog: \'archive\', ... })',
  sql: 'let the SqlStep attach it by another name, in its statement and in provides',
  motherduck: 'name the database in one MotherDuckStep only',
};

/** Refuses a database in which two steps would attach the same catalog. */
export function checkCatalogs(steps: StepConfig[], databases: { [name: string]: DatabaseConfig }, at: string): void {
  const all: { [name: string]: DatabaseConfig } = { default: {}, ...databases };
  for (const database of Object.values(all)) {
    const attached = new Map<string, StepConfig>();
    for (const step of steps.filter(({ name }) => database.steps?.includes(name) ?? true)) {
      for (const catalog of attachedBy(step)) {
        const other = attached.get(catalog.toLowerCase());
        if (other) {
          const fix = Object.entries(ATTACHING).find(([type]) => [other.type, step.type].includes(type))![1];
          throw new Error(`${at} has two bootstrap steps that attach the catalog "${catalog}", "${other.name}" and "${step.name}": ${fix}, `
            + 'or give each its own database with the prop databases');
        }
        attached.set(catalog.toLowerCase(), step);
      }
    }
  }
}

/** Statements other than ATTACH can provide a catalog too, by adding to what another step attaches. */
function attachedBy({ type, provides = [], config }: StepConfig): string[] {
  if (ATTACHING[type] === undefined) return [];
  const catalogs = provides.filter((catalog) => !Token.isUnresolved(catalog));
  return type === 'sql' ? catalogs.filter((catalog) => statementsOf(config).some((statement) => attaches(statement, catalog))) : catalogs;
}

/** A user's own step may have this type too. */
function statementsOf(config: StepConfig['config']): string[] {
  return Array.isArray(config?.statements) ? config.statements : [];
}

/** A statement with IF NOT EXISTS or OR REPLACE allows for an attached catalog. */
function attaches(statement: string, catalog: string): boolean {
  const [, quoted, bare] = /(?:^|;)\s*ATTACH\s+(?:DATABASE\s+)?(?:'(?:[^']|'')*'\s*)AS\s+(?:"((?:[^"]|"")+)"|([^\s;(]+))/i.exec(statement) ?? [];
  return (quoted?.replace(/""/g, '"') ?? bare)?.toLowerCase() === catalog.toLowerCase();
}
