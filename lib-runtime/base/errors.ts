import { inspect } from 'node:util';
import { scrub } from './redaction';

/**
 * What went wrong, as a word that code can act on. A published code never changes; messages may.
 *
 * - `CONFIG` the configuration, an option or another argument, or an environment variable is not usable
 * - `EXTENSION` an extension is missing, or DuckDB refused to load it
 * - `QUERY` DuckDB refused or failed the SQL; `duckdbType` holds its own error class
 * - `PARAMETER` a value cannot be bound; the message names the parameter
 * - `RESULT_LIMIT` the result is larger than `maxRows` or `maxBytes`
 * - `OUT_OF_RANGE` a value has no exact JavaScript form; the message names the column
 * - `STREAM` a stream ended before its result did
 * - `BUSY` the cursor is in use: by an unfinished stream, or by the callback that makes the call
 * - `TIMEOUT` a deadline passed (an `AbortSignal.timeout`, or the invocation's)
 * - `ABORTED` the `signal` was aborted
 * - `BUDGET` no memory is left for another session
 * - `BOOTSTRAP` a bootstrap step is unknown or failed
 * - `CLOSED` the cursor, session or DuckDB was used after its end
 * - `FILE_IN_USE` another instance of this process has the file open
 * - `COMMIT_UNKNOWN` the answer to a commit was lost: the statement may or may not be committed
 * - `FATAL` DuckDB's instance broke, or could not be opened; the next call gets a new instance
 */
export type DuckDbErrorCode =
  | 'CONFIG' | 'EXTENSION' | 'QUERY' | 'PARAMETER' | 'RESULT_LIMIT' | 'OUT_OF_RANGE' | 'STREAM' | 'BUSY'
  | 'TIMEOUT' | 'ABORTED' | 'BUDGET' | 'BOOTSTRAP' | 'CLOSED' | 'FILE_IN_USE' | 'COMMIT_UNKNOWN' | 'FATAL';

/** The properties of an error, in addition to its message. */
export interface DuckDbErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** DuckDB's own error class, such as `Binder Error`. */
  readonly duckdbType?: string;
  /** Whether the same call may succeed if it is made again. @default - the value of the error's class */
  readonly retryable?: boolean;
}

// A process may have ESM and CommonJS copies of this module. `instanceof` must work across them.
const BRAND = Symbol.for('cdk-duckdb-lambda.error');

/**
 * The base of every error that this package throws. Known secret values never appear in its message, stack or cause.
 *
 * @example
 * try {
 *   await cursor((c) => c.query('FROM orders'));
 * } catch (error) {
 *   if (error instanceof DuckDbError && error.retryable) console.log(`${error.code}: another attempt may succeed`);
 *   throw error;
 * }
 */
export class DuckDbError extends Error {
  static override [Symbol.hasInstance](value: unknown): boolean {
    const error = value as { [BRAND]?: string; name?: string } | null | undefined;
    return error?.[BRAND] !== undefined && (this === DuckDbError || error.name === this.name);
  }

  /** What went wrong, as a word that code can act on. */
  readonly code: DuckDbErrorCode;
  /** Whether the same call may succeed if it is made again. */
  readonly retryable: boolean;
  /** DuckDB's own error class (`Binder Error`, `IO Error` …), if DuckDB raised the error. */
  readonly duckdbType?: string;
  /** The error that led to this one. */
  override readonly cause?: unknown;

  constructor(code: DuckDbErrorCode, message: string, options: DuckDbErrorOptions = {}) {
    super(scrub(message));
    Object.defineProperty(this, BRAND, { value: code });
    Object.defineProperty(this, 'name', { value: new.target.name, configurable: true });
    this.code = code;
    this.retryable = options.retryable ?? false;
    if (options.duckdbType !== undefined) this.duckdbType = options.duckdbType;
    if (options.cause !== undefined) this.cause = withoutSecrets(options.cause);
  }
}

/** An option or another argument, an environment variable or `DUCKDB_LAMBDA_CONFIG` is not usable. */
export class ConfigError extends DuckDbError {
  constructor(message: string, options?: DuckDbErrorOptions) { super('CONFIG', message, options); }
}

/** An extension is missing, or DuckDB refused to load it. */
export class ExtensionError extends DuckDbError {
  constructor(message: string, options?: DuckDbErrorOptions) { super('EXTENSION', message, options); }
}

/** DuckDB refused or failed a statement. */
export class QueryError extends DuckDbError {
  constructor(message: string, options?: DuckDbErrorOptions) { super('QUERY', message, options); }
}

/** A parameter is unknown, missing, or has no SQL type. */
export class ParameterError extends DuckDbError {
  constructor(message: string, options?: DuckDbErrorOptions) { super('PARAMETER', message, options); }
}

/** A result is larger than `maxRows` or `maxBytes`. */
export class ResultLimitError extends DuckDbError {
  constructor(message: string, options?: DuckDbErrorOptions) { super('RESULT_LIMIT', message, options); }
}

/** A value has no exact JavaScript form. */
export class OutOfRangeError extends DuckDbError {
  constructor(message: string, options?: DuckDbErrorOptions) { super('OUT_OF_RANGE', message, options); }
}

/** A stream's query failed after its first rows. */
export class StreamError extends DuckDbError {
  constructor(message: string, options?: DuckDbErrorOptions) { super('STREAM', message, options); }
}

/** The cursor is in use: by an unfinished stream, or by the callback that makes the call. */
export class BusyError extends DuckDbError {
  constructor(message: string, options?: DuckDbErrorOptions) { super('BUSY', message, options); }
}

/** A deadline passed before DuckDB answered. */
export class TimeoutError extends DuckDbError {
  constructor(message: string, options?: DuckDbErrorOptions) { super('TIMEOUT', message, { retryable: true, ...options }); }
}

/** The caller's signal was aborted before DuckDB answered. */
export class AbortedError extends DuckDbError {
  constructor(message: string, options?: DuckDbErrorOptions) { super('ABORTED', message, options); }
}

/** The process has no memory left for another session. */
export class BudgetError extends DuckDbError {
  constructor(message: string, options?: DuckDbErrorOptions) { super('BUDGET', message, { retryable: true, ...options }); }
}

/** A bootstrap step is unknown, or failed. */
export class BootstrapError extends DuckDbError {
  constructor(message: string, options?: DuckDbErrorOptions) { super('BOOTSTRAP', message, { retryable: true, ...options }); }
}

/** A cursor, session or DuckDB was used after its end. */
export class ClosedError extends DuckDbError {
  constructor(message: string, options?: DuckDbErrorOptions) { super('CLOSED', message, options); }
}

/** Another instance of this process has the file open; opening it twice would corrupt it. */
export class FileInUseError extends DuckDbError {
  constructor(message: string, options?: DuckDbErrorOptions) { super('FILE_IN_USE', message, { retryable: true, ...options }); }
}

/** The answer to a commit was lost. If you run the same statement again, it may write its rows a second time. Check first whether they are there. */
export class CommitUnknownError extends DuckDbError {
  constructor(message: string, options?: DuckDbErrorOptions) { super('COMMIT_UNKNOWN', message, options); }
}

/** DuckDB's instance is unusable, or could not be opened. It has been dropped: the next call gets a new instance. */
export class FatalError extends DuckDbError {
  constructor(message: string, options?: DuckDbErrorOptions) { super('FATAL', message, { retryable: true, ...options }); }
}

/**
 * An error after which the same request may succeed. `queryHandler` throws it in place of every retryable error, because Step Functions decides on a
 * retry by the name of an error. It has the code of the original error, and its message begins with that code. `cause` is the original error.
 *
 * @example
 * // Step Functions can retry this handler by the name of its error, as it can retry a query's.
 * export const handler = () => cursor((c) => c.query('FROM orders')).catch((error) => {
 *   throw error instanceof DuckDbError && error.retryable ? new DuckDbRetryableError(error) : error;
 * });
 */
export class DuckDbRetryableError extends DuckDbError {
  constructor(error: DuckDbError) {
    super(error.code, `${error.code}: ${error.message}`, { retryable: true, duckdbType: error.duckdbType, cause: error });
  }
}

const CLASSES = {
  DuckDbError,
  ConfigError,
  ExtensionError,
  QueryError,
  ParameterError,
  ResultLimitError,
  OutOfRangeError,
  StreamError,
  BusyError,
  TimeoutError,
  AbortedError,
  BudgetError,
  BootstrapError,
  ClosedError,
  FileInUseError,
  CommitUnknownError,
  FatalError,
  DuckDbRetryableError,
};
// A minifier shortens class names, and differently in each bundle. The names of properties stay.
for (const [name, errorClass] of Object.entries(CLASSES)) Object.defineProperty(errorClass, 'name', { value: name, configurable: true });

/** A copy of `error` with another message. Others may hold the original. */
export function retold(error: DuckDbError, message: string): DuckDbError {
  const { cause, retryable, duckdbType } = error;
  return new (error.constructor as new (message: string, options: DuckDbErrorOptions) => DuckDbError)(message, { cause, retryable, duckdbType });
}

/** The text of any thrown value. */
export function messageOf(error: unknown): string {
  return (error as Error | undefined)?.message ?? String(error);
}

/** Like `messageOf`, with the messages of the errors that caused it: `fetch failed: connect ECONNREFUSED 127.0.0.1:443`. */
export function fullMessageOf(error: unknown): string {
  const messages: string[] = [];
  for (let cause = error; cause !== undefined && cause !== null && messages.length < MAX_PRINTED_DEPTH; cause = (cause as Error).cause) {
    const { errors } = cause as AggregateError;
    const message = messageOf(cause) || (Array.isArray(errors) ? errors.map(messageOf).join('; ') : String(cause));
    if (!messages.some((each) => each.includes(message))) messages.push(message);
  }
  return messages.join(': ');
}

/** Deeper than any logger prints. Some errors hold large object graphs, such as sockets. */
const MAX_PRINTED_DEPTH = 5;

/** Replaces a cause that shows a secret anywhere, because loggers also print causes and their causes. */
function withoutSecrets(cause: unknown): unknown {
  const printed = inspect(cause, { depth: MAX_PRINTED_DEPTH });
  return scrub(printed) === printed ? cause : new Error(scrub(messageOf(cause)));
}
