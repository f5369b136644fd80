import { Duration } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import { DuckDbQuery } from '../duckdb-query';
import { DuckDbResultFormat } from '../duckdb-result-format';
import { DuckDbResultsLocation } from '../duckdb-results-location';

/** How a state of a map invokes a function. */
export interface Invocation {
  readonly fn: lambda.IFunction;
  /** Undefined for a function whose handler takes no queries. */
  readonly query?: DuckDbQuery;
  /** Where the function writes results, as the keys of its events are relative to it; undefined for the results of the map. */
  readonly location?: DuckDbResultsLocation;
  readonly params: { readonly [name: string]: unknown };
  readonly format?: DuckDbResultFormat;
  readonly timeout?: Duration;
  readonly retries: readonly sfn.RetryProps[];
}

/** The state that invokes the function with an event. Its name holds the fragment's id, so that two maps in one machine do not collide. */
export function invokeState(
  scope: Construct, role: string, { fn, query, timeout, retries }: Invocation, event: { readonly [key: string]: unknown },
  output: Partial<sfn.TaskStateBaseProps>,
): LambdaInvoke {
  const state = new LambdaInvoke(scope, `${role}-state`, {
    stateName: `${scope.node.id} ${role}`,
    queryLanguage: sfn.QueryLanguage.JSON_PATH,
    lambdaFunction: fn,
    payload: sfn.TaskInput.fromObject({ ...(query && { query: query.name }), ...event }),
    retryOnServiceExceptions: false,
    ...(timeout && { taskTimeout: sfn.Timeout.duration(timeout) }),
    ...output,
  });
  retries.forEach((retry) => state.addRetry(retry));
  return state;
}
