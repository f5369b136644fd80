import { postgresHints } from './chunks';
import { type DuckDbError, FatalError, messageOf, QueryError } from './errors';
import { startOf } from './sql-text';
import { isTransient } from './transient';

/** DuckDB's errors begin with their class: `Binder Error: …`. */
const ERROR_CLASS = /^([A-Z][A-Za-z ]* (?:Error|Exception)): /;
/** What reached for a file or a server: only in these does the hint table apply. */
const REMOTE = ['HTTP Error', 'IO Error'];
const DENIED = /\b403\b|AccessDenied|Forbidden|SignatureDoesNotMatch|InvalidAccessKeyId/;
const EXPIRED = /ExpiredToken|TokenRefreshRequired/;
const MISSING = /No files found that match the pattern|\b404\b|NoSuchKey|NoSuchBucket/;
const S3_URL = /s3[an]?:\/\//i;

/** The typed error for what DuckDB threw: its own text, its class, a hint where a usual cause is known, and the SQL's start. */
export function queryError(error: unknown, sql: string): DuckDbError {
  const text = messageOf(error);
  const duckdbType = ERROR_CLASS.exec(text)?.[1];
  postgresHints().rememberPasswords(text);
  const isRemote = REMOTE.includes(duckdbType ?? '');
  const hint = postgresHints().postgresHint(text) ?? (isRemote ? hintFor(text, sql) : undefined);
  const message = `${text}${hint === undefined ? '' : `\n\nhint: ${hint}`}\n\nin: ${startOf(sql)}`;
  if (isFatal(text, duckdbType)) return new FatalError(message, { cause: error, duckdbType });
  return new QueryError(message, { cause: error, duckdbType, retryable: isTransient(text) });
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
