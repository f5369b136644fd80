import { Duration } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { didYouMean } from './checks/did-you-mean';
import { expectObject, expectOneOf, expectOptions, expectTimeSpan, PropNames, shown } from './checks/expect';
import { DuckDbQuery } from './duckdb-query';
import { DuckDbQueryFunction } from './duckdb-query-function';
import { DuckDbResultFormat } from './duckdb-result-format';
import { Invocation } from './map/invocation';
import { checkParams } from './map/params';

/** How a map invokes a function. */
export interface DuckDbMapWorkerOptions {
  /**
   * More parameters than those that the map gives by itself.
   *
   * Text that is a path, such as `$.month`, stands for the value in the input of the map. For a worker, `$$.Map.Item.Value.day` is a field of its item.
   * In a batch, a parameter that depends on the item is a list. Expressions such as `sfn.JsonPath.format(…)` work too.
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
   * The longest time that an attempt may take, the wait for its start included.
   *
   * @default - only the function's own timeout
   */
  readonly timeout?: Duration;

  /**
   * What is retried, when and how often.
   *
   * @default - DuckDbQueryFunction.retry
   */
  readonly retry?: sfn.RetryProps;
}

const OPTIONS: PropNames<DuckDbMapWorkerOptions> = { params: true, format: true, timeout: true, retry: true };

/** What works on the items of a `DuckDbMap`, or on the results of its workers. */
export class DuckDbMapWorker {
  /**
   * A query of a function. As a worker, it writes its result to the function's results. As a reducer, it reads the workers' files with the parameter
   * `files`.
   *
   * @param fn      the function, with results that contain those of the map
   * @param query   the query's name
   * @param options parameters, format, retries and timeout
   */
  public static fromQuery(fn: DuckDbQueryFunction, query: string, options: DuckDbMapWorkerOptions = {}): DuckDbMapWorker {
    const what = `DuckDbMapWorker.fromQuery with the query ${shown(query)}`;
    const found = queryOf(fn, query, what);
    checkOptions(options, what);
    const { resultsLocation } = fn;
    if (resultsLocation === undefined) {
      throw new Error(`${what}: ${fn.node.path} has no results, so it cannot write any: declare its prop results, as in results: { bucket, prefix: 'results/' }`);
    }
    return new DuckDbMapWorker({ fn, query: found, location: resultsLocation, ...invocation(options) });
  }

  /**
   * A function with a handler of its own, such as a `DuckDbFunction`.
   *
   * A worker's event is `{ params, output: { format, key } }`, with the item in `params.item`, `params.file` or, in a batch, `params.items` or
   * `params.files`. A reducer's event is `{ params, manifests, manifestCount? }`. `key` and `manifests` are relative to the results of the map. The function needs
   * permission to write there. With `queryHandler({ results: 's3://bucket/totals/' })`, it can answer as a query function does.
   *
   * @param fn      the function
   * @param options parameters, format, retries and timeout
   */
  public static fromFunction(fn: lambda.IFunction, options: DuckDbMapWorkerOptions = {}): DuckDbMapWorker {
    const what = 'DuckDbMapWorker.fromFunction';
    expectObject(fn, 'functionArn', `${what} has as function`, 'an IFunction, such as a DuckDbFunction');
    if ('queries' in fn) throw new Error(`${what} has the query function ${fn.node.path}: name its query, as in DuckDbMapWorker.fromQuery(fn, 'day-totals')`);
    checkOptions(options, what);
    return new DuckDbMapWorker({ fn, ...invocation(options) });
  }

  private constructor(
    /**
     * How its function is invoked.
     *
     * @internal
     */
    public readonly _invocation: Invocation,
  ) {}
}

/** A query of a function. Throws if the function does not have it. */
export function queryOf(fn: DuckDbQueryFunction, query: string, what: string): DuckDbQuery {
  expectObject(fn, 'queries', `${what} has as function`, 'a DuckDbQueryFunction');
  const found = fn.queries.find(({ name }) => name === query);
  if (found) return found;
  const names = fn.queries.map(({ name }) => name);
  throw new Error(`${what}: ${fn.node.path} does not have it; its queries are ${names.map((name) => JSON.stringify(name)).join(', ') || 'none'}`
    + `${didYouMean(String(query), names) || '; add its file to the folder of the queries'}`);
}

function checkOptions(options: DuckDbMapWorkerOptions, what: string): void {
  expectOptions(options, what, OPTIONS);
  const { params, format, timeout, retry } = options;
  checkParams(params, what);
  expectOneOf(format, `${what} has the format`, 'DuckDbResultFormat', DuckDbResultFormat);
  expectTimeSpan(timeout, `${what} has the timeout`, 'leave it out for the function\'s own timeout');
  if (retry !== undefined) expectObject(retry, 'constructor', `${what} has the retry`, 'RetryProps, such as { ...DuckDbQueryFunction.retry, maxAttempts: 2 }');
}

function invocation({ params = {}, format, timeout, retry = DuckDbQueryFunction.retry }: DuckDbMapWorkerOptions): Omit<Invocation, 'fn'> {
  return { params, format, timeout, retry };
}
