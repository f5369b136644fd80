import { Duration } from 'aws-cdk-lib';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { DuckDbResultFormat } from './duckdb-result-format';

/** How a map invokes a function. */
export interface DuckDbMapWorkerOptions {
  /**
   * More parameters than those that the map gives by itself.
   *
   * Text that is a path, such as `$.month`, stands for the value in the input of the map. For a worker, `$$.Map.Item.Value.day` is a field of its item.
   * In a batch, a parameter that depends on the item is a list. Expressions such as `sfn.JsonPath.format(…)` and lists of paths work too.
   *
   * A parameter replaces the field of an item that has the same name. It cannot have the name of a parameter that the map itself gives, such as `file`.
   *
   * @default - none
   */
  readonly params?: { [name: string]: any };

  /**
   * The format of the files that are written.
   *
   * @default - DuckDbResultFormat.PARQUET for a worker; a reducer answers with rows
   */
  readonly format?: DuckDbResultFormat;

  /**
   * The longest time that an attempt may take, the wait for its start included. After it, Step Functions begins another attempt. The function may still
   * finish the first one, whose result then counts, unless the query has a shorter `@timeout`.
   *
   * @default - only the function's own timeout
   */
  readonly timeout?: Duration;

  /**
   * What is retried, when and how often. With `errors`, only these are retried. Without, what is left out is as in the default.
   *
   * @default - DuckDbQueryFunction.retry, and two more attempts after `States.Timeout`, and after `Runtime.ExitError` and `Lambda.Unknown`, with which
   * Lambda reports that a process was killed
   */
  readonly retry?: sfn.RetryProps;
}
