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
  /** How HTTP events are answered. @default - as the stack declares it: without CORS, and not streamed */
  readonly http?: QueryHttpOptions;
}

/** How HTTP events are answered. */
export interface QueryHttpOptions {
  /** Which web pages may read the answers. Leave it out if the function URL or the API has its own CORS settings. @default - none */
  readonly cors?: HttpCors;
  /**
   * Whether answers are streamed, without Lambda's limit of 6 MB. A function URL then needs the invoke mode RESPONSE_STREAM, and a REST API the response
   * transfer mode STREAM. HTTP APIs do not stream; they work too.
   *
   * @default false
   */
  readonly streaming?: boolean;
}

/** Which web pages may read answers (cross-origin resource sharing). */
export interface HttpCors {
  /** Such as `https://example.com`; `*` is any. */
  readonly allowedOrigins: readonly string[];
  /** Whether browsers send cookies and credentials. Not with the origin `*`. @default false */
  readonly allowCredentials?: boolean;
  /** The headers that requests may have. @default - content-type, authorization and if-none-match */
  readonly allowedHeaders?: readonly string[];
  /** The headers of answers that pages may read. @default - etag and retry-after */
  readonly exposedHeaders?: readonly string[];
  /** How long a browser may cache these permissions. @default - as the browser decides */
  readonly maxAgeSeconds?: number;
}

/** An HTTP request, as a function URL or API Gateway passes it on: payload format 1.0 or 2.0. */
export interface QueryHttpEvent {
  /** What the service says about the request and its caller. */
  readonly requestContext: object;
  /** The request itself, such as `rawPath`, `rawQueryString`, `headers` and `body` in format 2.0. */
  readonly [property: string]: any;
}

/** The answer to an HTTP event. */
export interface QueryHttpAnswer {
  /** The status, such as 200. */
  readonly statusCode: number;
  /** The headers, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body, as text or in base64. */
  readonly body: string;
  /** Whether the body is in base64: it is compressed, or Parquet. */
  readonly isBase64Encoded: boolean;
}

/** What `queryHandler` returns. */
export interface QueryHandler {
  (event: QueryHttpEvent, context?: InvocationContext): Promise<QueryHttpAnswer>;
  (event: QueryEvent, context?: InvocationContext): Promise<QueryAnswer>;
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
  /** The lowest expected number of manifests. If there are fewer, the error is retryable. @default - at least one */
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

/** The part of Lambda's context that `queryHandler` reads. */
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
