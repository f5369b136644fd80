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

const MOST_SHOWN = 100;

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

/** The beginning of a text that the client has sent, for a detail. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text);
}

/**
 * What a caller may know of an error. Everything else goes to the log: messages of DuckDB have SQL, paths and hosts.
 *
 * A parameter is at fault only if it does not have its type, which is found before the query runs. What DuckDB cannot convert or add up later may as well
 * come from the data.
 *
 * @param mayHaveWritten whether statements that write have begun, so that nobody should ask again unseen
 */
export function problemOf(error: unknown, name: string, mayHaveWritten: boolean): HttpProblem {
  const problem = error instanceof HttpProblem ? error : known(error);
  if (problem.status >= 500) console.error(`the query "${name}" was answered with HTTP ${problem.status}:`, error instanceof DuckDbError ? error.message : error);
  if (!mayHaveWritten) return problem;
  return new HttpProblem(problem.status, `${problem.detail}; the query may have written, so look before you ask again`, {}, problem.code);
}

function known(error: unknown): HttpProblem {
  if (!(error instanceof DuckDbError)) return new HttpProblem(500, 'the query failed; the server\'s log has the reason');
  const { code } = error;
  if (error instanceof ParameterError) return new HttpProblem(400, error.message.split('\n')[0]!, {}, code);
  if (error instanceof ResultLimitError) return new HttpProblem(413, 'the answer has more than fits into the function\'s memory at once: ask for less', {}, code);
  if (code === 'TIMEOUT') return new HttpProblem(504, 'the query had no answer in time', {}, code);
  if (code === 'BUDGET') return new HttpProblem(429, 'too many queries need memory at this time; try again', retryAfter(), code);
  if (error.retryable) return new HttpProblem(503, 'the query failed for a reason that may pass; try again', retryAfter(), code);
  if (error instanceof OutOfRangeError) {
    return new HttpProblem(500, 'the answer has a value that JSON does not hold exactly; ask for CSV or Parquet, or let the query cast it to VARCHAR', {}, code);
  }
  return new HttpProblem(500, 'the query failed; the server\'s log has the reason', {}, code);
}

function retryAfter(): Record<string, string> {
  return { 'retry-after': String(RETRY_AFTER_SECONDS) };
}
