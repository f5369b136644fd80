import { DuckDbError, OutOfRangeError, ParameterError, ResultLimitError } from '../../base/errors';

/** Seconds after which a client may try again. The next attempt may have another process. */
const RETRY_AFTER_SECONDS = 2;

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** What DuckDB raises for values that a query cannot compute with. */
const OF_VALUES = ['Conversion Error', 'Invalid Input Error', 'Out of Range Error'];

/** An answer that is an error, by RFC 9457. */
export class HttpProblem extends Error {
  /** `detail` is for the caller: without SQL, hosts, paths and secrets. `code` is that of the runtime's error. */
  constructor(
    readonly status: number, readonly detail: string, readonly headers: Readonly<Record<string, string>> = {}, readonly code?: string,
  ) {
    super(detail);
  }

  /** The body. `requestId` finds the log lines of the request. */
  body(requestId: string | undefined): string {
    const { status, detail, code } = this;
    return JSON.stringify({ type: 'about:blank', title: TITLES[status], status, detail, ...(code !== undefined && { code }), ...(requestId !== undefined && { requestId }) });
  }
}

/** Why an answer is too large, and what helps. `bytes` are those that Lambda would have counted, if they are known. */
export function tooLarge(bytes?: number): HttpProblem {
  const size = bytes === undefined ? 'more' : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  return new HttpProblem(413, `the answer has ${size}, and Lambda returns at most 6 MiB, in which text is escaped and binary data is base64: `
    + 'ask for less, for gzip with "Accept-Encoding: gzip", or for Parquet with "Accept: application/vnd.apache.parquet"; a function that streams has no such limit', {}, 'RESULT_LIMIT');
}

/**
 * What a caller may know of an error. Everything else goes to the log: messages of DuckDB have SQL, paths and hosts.
 *
 * @param hasParameters whether the caller's values can be the reason
 */
export function problemOf(error: unknown, name: string, hasParameters: boolean): HttpProblem {
  if (error instanceof HttpProblem) return error;
  const problem = known(error, hasParameters);
  if (problem.status >= 500) console.error(`the query "${name}" was answered with HTTP ${problem.status}:`, error instanceof DuckDbError ? error.message : error);
  return problem;
}

function known(error: unknown, hasParameters: boolean): HttpProblem {
  if (!(error instanceof DuckDbError)) return new HttpProblem(500, 'the query failed; the function\'s log has the reason');
  const { code, duckdbType = '' } = error;
  if (error instanceof ParameterError) return new HttpProblem(400, error.message.split('\n')[0]!, {}, code);
  if (error instanceof ResultLimitError) return tooLarge();
  if (code === 'TIMEOUT') return new HttpProblem(504, 'the query had no answer in time', {}, code);
  if (code === 'BUDGET') return new HttpProblem(429, 'too many queries need memory at this time; try again', retryAfter(), code);
  if (error.retryable) return new HttpProblem(503, 'the query failed for a reason that may pass; try again', retryAfter(), code);
  if (hasParameters && OF_VALUES.includes(duckdbType)) {
    return new HttpProblem(400, `the query cannot be computed with these parameters (${duckdbType})`, {}, code);
  }
  if (error instanceof OutOfRangeError) {
    return new HttpProblem(500, 'the answer has a value that JSON does not hold exactly; ask for Parquet, or let the query cast it to VARCHAR', {}, code);
  }
  return new HttpProblem(500, 'the query failed; the function\'s log has the reason', {}, code);
}

function retryAfter(): Record<string, string> {
  return { 'retry-after': String(RETRY_AFTER_SECONDS) };
}
