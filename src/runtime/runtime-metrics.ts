import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { didYouMean } from '../checks/did-you-mean';

/** The namespace of the runtime's metrics. */
export const NAMESPACE = 'DuckDbLambda';

/** What a metric is narrowed to: a bootstrap step, a query or the code of an error. */
export interface RuntimeDimensions {
  readonly Step?: string;
  readonly Query?: string;
  readonly Code?: string;
}

/** A metric that a function's runtime emits. */
export function runtimeMetric(
  fn: lambda.Function, metricName: string, options: cloudwatch.MetricOptions, dimensions: RuntimeDimensions,
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: NAMESPACE,
    metricName,
    dimensionsMap: { FunctionName: fn.functionName, ...Object.fromEntries(Object.entries(dimensions).filter(([, value]) => value !== undefined)) },
    ...options,
  }).attachTo(fn);
}

/** Refuses a step that the function does not have. */
export function checkStep(step: string, declared: string[], fn: lambda.Function): void {
  if (declared.includes(step)) return;
  throw new Error(`${fn.node.path} has no bootstrap step "${step}"; declared are: ${declared.map((name) => `"${name}"`).join(', ') || 'none'}`
    + didYouMean(step, declared));
}
