import { Annotations, Duration } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { CheckedQuery } from './checked-queries';
import { didYouMean } from '../checks/did-you-mean';

/** Refuses a query on a database that the function does not have. */
export function checkDatabases(queries: CheckedQuery[], databases: string[], at: string): void {
  const known = [...new Set(['default', ...databases])];
  for (const { file, database } of queries) {
    if (database === undefined || known.includes(database)) continue;
    throw new Error(`the query file ${file} of ${at} has "@database ${database}", which is not declared; declared are: `
      + `${known.map((name) => `"${name}"`).join(', ')}${didYouMean(database, known) || '; declare it with the prop databases'}`);
  }
}

/** Warns of queries that allow more time than the function has. */
export function warnOfTimeouts(fn: IConstruct, queries: CheckedQuery[], timeout: Duration | undefined): void {
  if (!timeout || timeout.isUnresolved()) return;
  const seconds = timeout.toSeconds();
  const longer = queries.filter(({ timeoutSeconds = 0 }) => timeoutSeconds >= seconds);
  if (longer.length === 0) return;
  Annotations.of(fn).addWarningV2('cdk-duckdb-lambda:queryTimeout', `the function's timeout of ${seconds} s ends first: `
    + `${longer.map(({ file, timeoutSeconds }) => `${file} has "@timeout ${timeoutSeconds}"`).join(', ')}; raise the prop timeout, or lower @timeout`);
}
