import { type DuckDbError, FatalError, messageOf, QueryError } from './errors';
import { startOf } from './sql-text';
import { uploadHint } from './upload-settings';

/** DuckDB's errors begin with their class: `Binder Error: …`. */
const ERROR_CLASS = /^([A-Z][A-Za-z ]* (?:Error|Exception)): /;
/** What reached for a file or a server: only in these do status codes mean anything. */
const REMOTE = ['HTTP Error', 'IO Error'];
const PASSING = /Unable to connect to Postgres|\b(?:429|500|502|503|504)\b|SlowDown|Could not establish connection|Timeout was reached/;
/** PostgreSQL restarted, failed over, or ended the connection, or the network did, in the words of PostgreSQL and of libpq. */
export const LOST_CONNECTION = new RegExp([
  '(?:closed the connection|connection has been closed) unexpectedly', 'terminating connection (?:due to|because of) ',
  'SSL SYSCALL error', 'SSL error: unexpected eof', 'could not (?:receive data from|send data to) server', 'no connection to the server', 'connection not open',
].join('|'));
/** A replica had to replay what its primary removed. */
const RECOVERY_CONFLICT = /canceling statement due to conflict with recovery/;
const CONFLICT = /Transaction conflict|Conflict on /;
const DENIED = /\b403\b|AccessDenied|Forbidden|SignatureDoesNotMatch|InvalidAccessKeyId/;
const EXPIRED = /ExpiredToken|TokenRefreshRequired/;
const MISSING = /No files found that match the pattern|\b404\b|NoSuchKey|NoSuchBucket/;
const S3_URL = /s3[an]?:\/\//i;

/** The typed error for what DuckDB threw: its own text, its class, a hint where a usual cause is known, and the SQL's start. */
export function queryError(error: unknown, sql: string): DuckDbError {
  const text = messageOf(error);
  const duckdbType = ERROR_CLASS.exec(text)?.[1];
  const isRemote = REMOTE.includes(duckdbType ?? '');
  const hint = uploadHint(text, sql) ?? (isRemote ? hintFor(text, sql) : undefined);
  const message = `${text}${hint === undefined ? '' : `\n\nhint: ${hint}`}\n\nin: ${startOf(sql)}`;
  if (isFatal(text, duckdbType)) return new FatalError(message, { cause: error, duckdbType });
  const passes = [isRemote ? PASSING : CONFLICT, LOST_CONNECTION, RECOVERY_CONFLICT].some((pattern) => pattern.test(text));
  return new QueryError(message, { cause: error, duckdbType, retryable: passes });
}

/** After such an error DuckDB refuses everything. */
function isFatal(text: string, duckdbType: string | undefined): boolean {
  return duckdbType === 'FATAL Error' || /database has been invalidated because of a previous fatal error/.test(text);
}

function hintFor(text: string, sql: string): string | undefined {
  if (EXPIRED.test(text)) return 'the AWS credentials have expired; the function gets new ones with its next execution environment';
  if (DENIED.test(text) && (S3_URL.test(text) || S3_URL.test(sql))) {
    return "S3 refused: declare the bucket in an S3Step of the function's bootstrap, which grants s3:GetObject and s3:ListBucket; " +
      'for an object encrypted by KMS give its key in encryptionKeys';
  }
  if (MISSING.test(text)) return 'nothing is there: check bucket, prefix and region (S3 answers 403 instead where s3:ListBucket is not granted)';
  return undefined;
}
