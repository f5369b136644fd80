import { Duration } from 'aws-cdk-lib';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { DuckDbResultFormat } from './duckdb-result-format';

/** How a map invokes a function. */
export interface DuckDbMapWorkerOptions {
  /**
   * Parameters in addition to those that the map sets.
   *
   * A string that is a path, such as `$.month`, stands for the value in the input of the map. For a worker, `$$.Map.Item.Value.day` is a field of its
   * item. In a batch, a parameter that depends on the item is a list. Expressions such as `sfn.JsonPath.format(…)` and lists of paths work too.
   *
   * A parameter replaces the field of an item that has the same name. It cannot have the name of a parameter that the map sets, such as `file`.
   *
   * @default - none
   */
  readonly params?: { [name: string]: any };

  /**
   * The format of the files that the function writes.
   *
   * @default - DuckDbResultFormat.PARQUET for a worker; a reducer answers with rows
   */
  readonly format?: DuckDbResultFormat;

  /**
   * The longest time that an attempt may take, including the wait for its start. After this time, Step Functions begins another attempt. Unless the
   * query has a shorter `@timeout`, the function may still finish the first attempt, whose result then counts.
   *
   * @default - only the function's timeout applies
   */
  readonly timeout?: Duration;

  /**
   * Which errors are retried, when and how often. With `errors`, only these are retried. Without `errors`, values that you leave out are those of the
   * default.
   *
   * @default - DuckDbQueryFunction.retry, and two more attempts after `States.Timeout`, and after `Runtime.ExitError` and `Lambda.Unknown`, with which
   * Lambda reports that a process was killed
   */
  readonly retry?: sfn.RetryProps;
}
