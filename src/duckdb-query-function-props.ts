import { DuckDbFunctionOptions } from './duckdb-function-options';
import { DuckDbHttpOptions } from './duckdb-http-options';
import { DuckDbResultsLocation } from './duckdb-results-location';

/** Properties of a `DuckDbQueryFunction`: the options of every Lambda function with DuckDB, and the folder of its queries. */
export interface DuckDbQueryFunctionProps extends DuckDbFunctionOptions {
  /**
   * The folder of the queries; absolute, or relative to the working directory.
   *
   * Each file `*.sql` in it and in the folders below is a query. Its path without `.sql` is the query's name. Other files are left out.
   */
  readonly queries: string;

  /**
   * Where the function writes results that are too large for an answer, or that a caller wants as files.
   *
   * This adds a bootstrap step named `results` to the function and to each of its `databases`: an `S3Step` that may list, read, write and delete
   * under the prefix.
   *
   * @default - none: a result that is too large for an answer is an error
   */
  readonly results?: DuckDbResultsLocation;

  /**
   * How the function answers HTTP requests of a function URL, such as one from `fn.addFunctionUrl()`, and of API Gateway.
   *
   * The function answers HTTP requests even without this prop. With it, even with `{}`, synthesis writes the OpenAPI document of the queries into the
   * app's output directory, and Lambda's init phase prepares HTTP.
   *
   * @default - without CORS headers, and not streamed
   */
  readonly http?: DuckDbHttpOptions;
}
