import * as path from 'path';
import { Token } from 'aws-cdk-lib';
import { didYouMean } from '../checks/did-you-mean';
import { expectKnownProps, expectList, PropNames, shown } from '../checks/expect';
import { DuckDbDatabase } from '../database';
import { DatabaseConfig } from './runtime-config';

const DATABASE: PropNames<DuckDbDatabase> = { file: true, bootstrap: true };

/** Lambda's only writable directory. */
const WRITABLE = '/tmp';

/** The databases as the runtime reads them. Throws for invalid names, files and steps. */
export function resolveDatabases(databases: { [name: string]: DuckDbDatabase }, steps: string[], at: string): { [name: string]: DatabaseConfig } {
  const files = new Map<string, string>();
  return Object.fromEntries(Object.entries(databases).map(([name, database]) => {
    checkName(name, at);
    if (typeof database !== 'object' || database === null) {
      throw new Error(`the database "${name}" of ${at} is ${shown(database)}: expected its options, such as { file: 'archive.duckdb' }, or {} for one in memory`);
    }
    expectKnownProps(database, DATABASE, `the database "${name}" of ${at}`);
    if (database.bootstrap !== undefined) expectList(database.bootstrap, `the database "${name}" of ${at} has as bootstrap`, '["s3"]');
    checkSteps(name, database.bootstrap ?? [], steps, at);
    const file = database.file === undefined ? undefined : resolveFile(name, database.file, at);
    const other = file !== undefined && files.get(file);
    if (other) {
      throw new Error(`${at} has two databases with the file ${file}, "${other}" and "${name}", and DuckDB would corrupt it: give one of them another file`);
    }
    if (file !== undefined) files.set(file, name);
    return [name, { ...(file !== undefined && { file }), ...(database.bootstrap && { steps: database.bootstrap }) }];
  }));
}

function checkName(name: string, at: string): void {
  if (!/^[A-Za-z][\w-]*$/.test(name)) {
    throw new Error(`${at} has a database named "${name}": expected a letter, followed by letters, digits, "-" or "_"`);
  }
}

function checkSteps(name: string, asked: string[], declared: string[], at: string): void {
  for (const step of asked.filter((each) => !declared.includes(each))) {
    throw new Error(`the database "${name}" of ${at} names the bootstrap step "${step}", which is not declared; declared are: `
      + (declared.map((each) => `"${each}"`).join(', ') || 'none') + didYouMean(step, declared));
  }
}

function resolveFile(name: string, file: string, at: string): string {
  if (Token.isUnresolved(file)) return file;
  const resolved = path.posix.resolve(WRITABLE, String(file));
  const isBareName = typeof file === 'string' && file.trim() !== '' && !/[/\\]/.test(file);
  if (!(isBareName || path.posix.isAbsolute(String(file))) || !resolved.startsWith(`${WRITABLE}/`)) {
    throw new Error(`the database "${name}" of ${at} has the file ${shown(file)}: expected a bare name such as "archive.duckdb" or an absolute path under ${WRITABLE}, `
      + 'because Lambda can write nowhere else; leave the prop out for a database in memory');
  }
  return resolved;
}
