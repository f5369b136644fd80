import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { didYouMean } from '../checks/did-you-mean';

/** The namespace of the runtime's metrics. */
const NAMESPACE = 'DuckDbLambda';

/** A metric that a function's runtime emits, for a single bootstrap step if one is named. */
export function runtimeMetric(fn: lambda.Function, metricName: string, options: cloudwatch.MetricOptions, step?: string): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: NAMESPACE,
    metricName,
    dimensionsMap: { FunctionName: fn.functionName, ...(step !== undefined && { Step: step }) },
    ...options,
  }).attachTo(fn);
}

/** Refuses a step that the function does not have. */
export function checkStep(step: string, declared: string[], fn: lambda.Function): void {
  if (declared.includes(step)) return;
  throw new Error(`${fn.node.path} has no bootstrap step "${step}"; declared are: ${declared.map((name) => `"${name}"`).join(', ') || 'none'}`
    + didYouMean(step, declared));
}
