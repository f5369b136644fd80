import { Duration } from 'aws-cdk-lib';

/** How a `DuckDbQueryFunction` answers HTTP requests, from function URLs and API Gateway. */
export interface DuckDbHttpOptions {
  /**
   * Which web pages may read the answers.
   *
   * Use either this or the CORS settings of the function URL or the API. With both, browsers refuse the answer, because it has the headers twice.
   *
   * @default - none, unless the function URL or the API has CORS settings
   */
  readonly cors?: DuckDbHttpCors;

  /**
   * Whether answers are streamed. Lambda's limit of 6 MB then does not apply, and the first rows arrive before the last ones are computed.
   *
   * A function URL needs the invoke mode `RESPONSE_STREAM`, and a REST API needs the response transfer mode `STREAM`, because an event does not show
   * the mode. A function URL with the other mode causes the warning `cdk-duckdb-lambda:invokeMode`. HTTP APIs cannot stream, so they always get whole
   * answers.
   *
   * @default false
   * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
   */
  readonly streaming?: boolean;
}

/** Which web pages may read the answers of a `DuckDbQueryFunction` (cross-origin resource sharing). */
export interface DuckDbHttpCors {
  /** The origins of the pages, such as `https://example.com`, without a path. `*` is any. */
  readonly allowedOrigins: string[];

  /**
   * Whether browsers send cookies and HTTP authentication. Cannot be combined with the origin `*`.
   *
   * @default false
   */
  readonly allowCredentials?: boolean;

  /**
   * The headers that requests may have.
   *
   * @default - content-type, authorization and if-none-match
   */
  readonly allowedHeaders?: string[];

  /**
   * The headers of answers that pages may read.
   *
   * @default - etag and retry-after
   */
  readonly exposedHeaders?: string[];

  /**
   * How long a browser may cache these permissions, in whole seconds.
   *
   * @default - as the browser decides
   */
  readonly maxAge?: Duration;
}
