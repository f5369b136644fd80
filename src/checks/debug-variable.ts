import { Token } from 'aws-cdk-lib';
import { shown } from './expect';

const VARIABLE = 'DUCKDB_LAMBDA_DEBUG';

/** Refuses a value of the runtime's debug variable that has no effect. */
export function checkDebugVariable({ [VARIABLE]: value }: { [name: string]: string }, at: string): void {
  if (value === undefined || Token.isUnresolved(value) || value === 'requests') return;
  throw new Error(`${at} has ${VARIABLE} ${shown(value)} in its environment: expected 'requests', which logs the requests of each query of remote files`);
}
