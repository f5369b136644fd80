import * as lambda from 'aws-cdk-lib/aws-lambda';
import { shown } from './checks/expect';
import { DuckDbMapWorkerOptions } from './duckdb-map-worker-options';
import { DuckDbQueryFunction } from './duckdb-query-function';
import { Invocation } from './map/invocation';
import { functionInvocation, queryInvocation } from './map/map-invocation';

/**
 * The query or function that processes the items of a `DuckDbMap`, or combines the results of its workers.
 *
 * @example
 * declare const sales: DuckDbQueryFunction;
 * declare const reports: DuckDbFunction;
 *
 * DuckDbMapWorker.fromQuery(sales, 'day-totals', { params: { month: '$.month' }, timeout: Duration.minutes(2) });
 * // Its handler gets the event `{ params: { month, file }, output }`.
 * DuckDbMapWorker.fromFunction(reports, { params: { month: '$.month' } });
 */
export class DuckDbMapWorker {
  /**
   * A query of a function. As a worker, the query writes its result to the results of the map. As a reducer, it reads the workers' files with the
   * parameter `files`.
   *
   * @param fn      the function, with results that contain those of the map
   * @param query   the query's name
   * @param options parameters, format, retries and timeout
   */
  public static fromQuery(fn: DuckDbQueryFunction, query: string, options: DuckDbMapWorkerOptions = {}): DuckDbMapWorker {
    return new DuckDbMapWorker(queryInvocation(fn, query, options, DuckDbQueryFunction.retry, `DuckDbMapWorker.fromQuery with the query ${shown(query)}`));
  }

  /**
   * A function with its own handler, such as a `DuckDbFunction`.
   *
   * A worker's event is `{ params, output: { format, key } }`, with the item in `params.item`, `params.file` or, in a batch, `params.items` or
   * `params.files`. A reducer's event is `{ params, manifests, manifestCount? }`. `key` and `manifests` are relative to the results of the map. The
   * function needs permission to write there. With `queryHandler({ results: 's3://bucket/totals/' })`, it can answer as a query function does, if the
   * handler adds the query's name to the event.
   *
   * @param fn      the function
   * @param options parameters, format, retries and timeout
   */
  public static fromFunction(fn: lambda.IFunction, options: DuckDbMapWorkerOptions = {}): DuckDbMapWorker {
    const what = 'DuckDbMapWorker.fromFunction';
    const invocation = functionInvocation(fn, options, DuckDbQueryFunction.retry, what);
    if ('queries' in fn) throw new Error(`${what} has the query function ${fn.node.path}: name its query, as in DuckDbMapWorker.fromQuery(fn, 'day-totals')`);
    return new DuckDbMapWorker(invocation);
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
