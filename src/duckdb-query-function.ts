import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct } from 'constructs';
import { didYouMean } from './checks/did-you-mean';
import { expectProps, shown } from './checks/expect';
import { checkQueryFunctionProps } from './checks/function-props';
import { expectInheritedProps, METRIC_OPTIONS } from './checks/inherited-props';
import { DuckDbFunctionBase } from './duckdb-function-base';
import { QueryMetricOptions } from './duckdb-metric-options';
import { DuckDbQuery } from './duckdb-query';
import { DuckDbQueryFunctionProps } from './duckdb-query-function-props';
import { DuckDbResultsLocation } from './duckdb-results-location';
import { httpConfig, refuseHiddenQuery, warnOfFunctionUrls } from './queries/http';
import { writeOpenApi } from './queries/openapi';
import { warnOfTimeouts } from './queries/query-directives';
import { QueryImage, queryImage, warnOfUnparsedQueries } from './queries/query-image';
import { warnOfRestApis } from './queries/rest-api';
import { resultsUrl, withResultsStep } from './queries/results-step';
import { removeUnfinishedUploads } from './queries/unfinished-uploads';

/** The most queries that one graph shows. */
const MAX_QUERIES = 100;

/**
 * A Lambda function that runs the queries of a folder. You do not write a handler.
 *
 * An event names a query and its parameters, as in `{ query: 'monthly-sales', params: { month: '2025-02' } }`. The answer has the rows, or names the
 * files in S3 that have them. The function also answers HTTP requests: add a function URL with `fn.addFunctionUrl()`, or an integration of API
 * Gateway.
 *
 * Synthesis checks the files: their directives, their parameters and, if the app's project has the image's version of `@duckdb/node-api`, their SQL
 * with DuckDB's own parser. Without the package, as in an app in Python, SQL is parsed when it runs. The template is the same. In a Node.js project,
 * SQL that was not parsed causes the warning `cdk-duckdb-lambda:queries`.
 *
 * The image has the version of `@duckdb/node-api` that `nodeApiVersion` or `lockFile` names. Without them, it has the version with which this library
 * is tested.
 * @example
 * declare const lake: s3.IBucket;
 *
 * new DuckDbQueryFunction(this, 'Sales', {
 *   queries: 'queries',
 *   bootstrap: [new S3Step({ buckets: [lake] })],
 *   results: { bucket: new s3.Bucket(this, 'Results'), prefix: 'results/' },
 * });
 */
@propertyInjectable
export class DuckDbQueryFunction extends DuckDbFunctionBase {
  /** Uniquely identifies this class, for property injectors. */
  public static readonly PROPERTY_INJECTION_ID: string = 'cdk-duckdb-lambda.DuckDbQueryFunction';

  /**
   * A retry policy for a Step Functions task that invokes the function, as in `task.addRetry(DuckDbQueryFunction.retry)`.
   *
   * It allows six more attempts, after random delays of at most 2, 4, 8, 16, 32 and 64 seconds. It retries errors of Lambda's service,
   * `Lambda.TooManyRequestsException`, and `DuckDbRetryableError`, which is the `errorType` of every retryable error of the runtime. It does not
   * retry `Lambda.Unknown`, with which Lambda reports that a function ran out of memory or time.
   *
   * Set `retryOnServiceExceptions: false` on a `LambdaInvoke`. Its own retry policy would come first, and it has neither throttling errors nor
   * jitter.
   *
   * After `Lambda.ClientExecutionTimeoutException` and other errors of the service, the function may have run, so a query that writes may write twice.
   *
   * @see https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
   */
  public static get retry(): sfn.RetryProps {
    return {
      errors: [
        'DuckDbRetryableError',
        'Lambda.TooManyRequestsException',
        'Lambda.ServiceException',
        'Lambda.AWSLambdaException',
        'Lambda.SdkClientException',
        'Lambda.ClientExecutionTimeoutException',
      ],
      interval: Duration.seconds(2),
      maxAttempts: 6,
      backoffRate: 2,
      jitterStrategy: sfn.JitterType.FULL,
    };
  }

  /** The queries of the folder. */
  public readonly queries: DuckDbQuery[];

  /** Where the function writes large results: the prop `results`. */
  public readonly resultsLocation?: DuckDbResultsLocation;

  constructor(scope: Construct, id: string, props: DuckDbQueryFunctionProps) {
    const at = `${scope.node.path}/${id}`;
    expectProps(props, at, 'new DuckDbQueryFunction(this, \'Sales\', { queries: \'queries\' })');
    checkQueryFunctionProps(props, at, new.target !== DuckDbQueryFunction);
    const { queries, results, http, ...plain } = props;
    const options = results === undefined ? plain : withResultsStep(plain, results, at);
    let image!: QueryImage;
    super(scope, id, options, (architecture) => {
      image = queryImage(scope, queries, options, architecture, at);
      if (http) refuseHiddenQuery(queries, image, at);
      return image;
    }, {
      ...(results && { results: { location: resultsUrl(results) } }),
      ...(http && { http: httpConfig(http, at) }),
    });
    this.queries = image.queries.map(({ name, description, parameters, columns }) => ({ name, description, parameters, columns }));
    this.resultsLocation = results;
    if (results) removeUnfinishedUploads(this, results);
    if (http) writeOpenApi(this, image.openApi);
    warnOfFunctionUrls(this, http ?? {});
    warnOfRestApis(this, http ?? {});
    warnOfTimeouts(this, image.queries, this.timeout);
    warnOfUnparsedQueries(this, image);
  }

  /**
   * Milliseconds from an event to its answer. Covers all queries, unless `options.query` names one. Needs `metrics: true`.
   *
   * @default - the average over 5 minutes
   */
  public metricAnswerDuration(options: QueryMetricOptions = {}): cloudwatch.Metric {
    const at = `metricAnswerDuration of ${this.node.path}`;
    expectInheritedProps(options, { query: true }, METRIC_OPTIONS, at);
    const { query, ...metricOptions } = options;
    const names = this.queries.map(({ name }) => name);
    if (query !== undefined && !names.includes(query)) {
      throw new Error(`${at} has the query ${shown(query)}, which does not exist; its queries are ${names.map((name) => `"${name}"`).join(', ')}${didYouMean(query, names)}`);
    }
    return this._runtimeMetric('AnswerDuration', { statistic: cloudwatch.Stats.AVERAGE, ...metricOptions }, { Query: query });
  }

  /**
   * The durations of queries, each with its name.
   *
   * @internal
   */
  protected override _queryMetrics(): cloudwatch.Metric[] {
    return this.queries.slice(0, MAX_QUERIES).map(({ name }) => this.metricAnswerDuration({ query: name, statistic: 'p99', label: `${name}, p99` }));
  }
}
