import { Annotations, Duration } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { CheckedQuery } from './checked-queries';

/** Warns of queries that allow more time than the function has. */
export function warnOfTimeouts(fn: IConstruct, queries: CheckedQuery[], timeout: Duration | undefined): void {
  if (!timeout || timeout.isUnresolved()) return;
  const seconds = timeout.toSeconds();
  const longer = queries.filter(({ timeoutSeconds = 0 }) => timeoutSeconds >= seconds);
  if (longer.length === 0) return;
  Annotations.of(fn).addWarningV2('cdk-duckdb-lambda:queryTimeout', `the function's timeout of ${seconds} s ends first: `
    + `${longer.map(({ file, timeoutSeconds }) => `${file} has "@timeout ${timeoutSeconds}"`).join(', ')}; raise the prop timeout, or lower @timeout`);
}
