import { Duration, Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Invocation } from './invocation';
import { checkParams } from './params';
import { didYouMean } from '../checks/did-you-mean';
import { expectObject, expectOneOf, expectOptions, expectTimeSpan, PropNames, shown } from '../checks/expect';
import { DuckDbMapWorkerOptions } from '../duckdb-map-worker-options';
import { DuckDbQuery } from '../duckdb-query';
import { DuckDbResultFormat } from '../duckdb-result-format';
import { DuckDbResultsLocation } from '../duckdb-results-location';

const OPTIONS: PropNames<DuckDbMapWorkerOptions> = { params: true, format: true, timeout: true, retry: true };

/**
 * The retry of an invocation whose process was killed, or that Step Functions no longer waits for. It may need more memory than it has, and then fails again, so it gets few attempts. It can do no
 * harm, because only a manifest counts.
 */
const KILLED: sfn.RetryProps = {
  errors: ['Runtime.ExitError', 'Lambda.Unknown', 'States.Timeout'],
  interval: Duration.seconds(2),
  maxAttempts: 2,
  backoffRate: 2,
  jitterStrategy: sfn.JitterType.FULL,
};

/** The limit of Step Functions. */
const MAX_ATTEMPTS = 99_999_999;

/** A function of query files, as a map sees it. */
export interface QueryFunction extends lambda.IFunction {
  readonly queries: DuckDbQuery[];
  readonly resultsLocation?: DuckDbResultsLocation;
}

/** How a query of a function is invoked. Throws if the function does not have it, or cannot write its result. */
export function queryInvocation(fn: QueryFunction, name: string, options: DuckDbMapWorkerOptions, retry: sfn.RetryProps, what: string): Invocation {
  expectObject(fn, 'queries', `${what} has as function`, 'a DuckDbQueryFunction');
  const query = fn.queries.find((each) => each.name === name);
  if (!query) {
    const names = fn.queries.map((each) => each.name);
    throw new Error(`${what}: ${fn.node.path} does not have it; its queries are ${names.map((each) => JSON.stringify(each)).join(', ') || 'none'}`
      + `${didYouMean(String(name), names) || '; add its file to the folder of the queries'}`);
  }
  const own = query.parameters.find(({ from }) => from !== undefined);
  if (own) {
    throw new Error(`${what}: the parameter "${own.name}" follows from the caller of an HTTP request (${own.from}), so no event can ask for the query: `
      + 'write one whose file does not have @from');
  }
  const { resultsLocation: location } = fn;
  if (location === undefined) {
    throw new Error(`${what}: ${fn.node.path} has no results, so it cannot write any: declare its prop results, as in results: { bucket, prefix: 'results/' }`);
  }
  return { ...functionInvocation(fn, options, retry, what), query, location };
}

/** How a function is invoked. */
export function functionInvocation(fn: lambda.IFunction, options: DuckDbMapWorkerOptions, defaultRetry: sfn.RetryProps, what: string): Invocation {
  expectObject(fn, 'functionArn', `${what} has as function`, 'an IFunction, such as a DuckDbFunction');
  expectOptions(options, what, OPTIONS);
  const { params = {}, format, timeout, retry } = options;
  checkParams(params, what);
  expectOneOf(format, `${what} has the format`, 'DuckDbResultFormat', DuckDbResultFormat);
  expectTimeSpan(timeout, `${what} has the timeout`, 'leave it out for the function\'s own timeout');
  if (retry !== undefined) expectObject(retry, 'constructor', `${what} has the retry`, 'RetryProps, such as { ...DuckDbQueryFunction.retry, maxAttempts: 2 }');
  const attempts = retry?.maxAttempts;
  if (attempts !== undefined && !Token.isUnresolved(attempts) && !(Number.isInteger(attempts) && attempts >= 0 && attempts <= MAX_ATTEMPTS)) {
    throw new Error(`${what} has the retry with maxAttempts ${shown(attempts)}: expected a whole number from 0 to ${MAX_ATTEMPTS}`);
  }
  return { fn, params, format, timeout, retries: retry?.errors ? [retry] : [{ ...defaultRetry, ...retry }, KILLED] };
}
