import type { ResultFormat } from './result-format';
import type { Column } from '../values/column';

/** The options of `queryHandler`. */
export interface QueryHandlerOptions {
  /** The folder of the queries' files. A relative path begins at the function's code, outside Lambda at the working directory. @default 'queries' */
  readonly queries?: string;
  /**
   * Where files are written: `s3://bucket/prefix/`. The function needs an `S3Step` that may read, write and delete there.
   *
   * @default - the location that the stack declares, if it declares one
   */
  readonly results?: string;
  /** The largest answer with rows: the bytes of its JSON in UTF-8, at most 6 MiB. Step Functions takes 256 KiB. @default 204800 */
  readonly maxInlineBytes?: number;
  /** Milliseconds before the invocation's deadline at which a running query is rejected. @default - as in `withDuckDB` */
  readonly marginMs?: number;
}

/** The request for a query's answer. */
export interface QueryEvent {
  /** The query's name: `monthly-sales` is the file `monthly-sales.sql`. */
  readonly query: string;
  /** The values of its parameters, by name. @default - none */
  readonly params?: Readonly<Record<string, unknown>>;
  /**
   * Asks for the files of many results: those whose manifests are `<manifests><index>.json`. It is relative to the location of the results,
   * or a URL below it, with a slash at its end, such as `totals/2025-01/`. The query gets the files, in the order of the indexes, as its parameter `files VARCHAR[]`.
   *
   * @default - none
   */
  readonly manifests?: string;
  /** The least number of manifests. If there are fewer, the error is one after which another attempt may succeed. @default - at least one */
  readonly manifestCount?: number;
  /** Asks for a file in S3 instead of rows. @default - rows, or a Parquet file if they are too many and results are declared */
  readonly output?: {
    /** `json` is an array of objects, `ndjson` one object a line. */
    readonly format: ResultFormat;
    /** The key of the manifest, relative to the location of the results, with `.json` at its end. @default - made of the query and the request's id */
    readonly key?: string;
  };
  /** The largest answer with rows: the bytes of its JSON in UTF-8, at most 6 MiB. @default - the handler's */
  readonly maxInlineBytes?: number;
}

/** The part of Lambda's context that is read. */
export interface InvocationContext {
  /** Lambda's id of the request. It names the files of a result that has no `key`. */
  readonly awsRequestId?: string;
  /** The milliseconds until the invocation's deadline. */
  readonly getRemainingTimeInMillis?: () => number;
}

/** An answer with the rows in it. */
export interface RowsAnswer {
  /** The columns, in the order of the query. */
  readonly columns: readonly Column[];
  /** Each by its columns' names, as JSON has it: times are ISO 8601 text, bytes base64, NaN and the infinities text. */
  readonly rows: ReadonlyArray<Readonly<Record<string, unknown>>>;
  /** How many rows there are. */
  readonly rowCount: number;
}

/** An answer with its rows in a file in S3. The file is a result because its manifest exists. */
export interface FileAnswer {
  /** The `s3://` URL of its manifest. */
  readonly manifest: string;
  /** The `s3://` URLs of its files. */
  readonly files: readonly string[];
  /** How many rows all files have. */
  readonly rowCount: number;
  /** The size of all files. */
  readonly bytes: number;
  /** The format of the files. */
  readonly format: ResultFormat;
}

/** What a query's handler returns. */
export type QueryAnswer = RowsAnswer | FileAnswer;
