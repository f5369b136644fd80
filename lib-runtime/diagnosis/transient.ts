import { isTransientHttp } from './transient-http';
import { NO_CREDENTIALS } from '../aws/credentials';

/** DuckDB's errors begin with their class: `Binder Error: ...`. */
const CLASS = /^([A-Z][A-Za-z ]* (?:Error|Exception)): /;
/** What reached for a file or a server: what others say may quote data and SQL, where such words mean nothing. */
const REACHING = ['HTTP Error', 'IO Error', 'Invalid Error'];
/** A statement, not a server, is at fault; what it names in vain may be there later. */
const NEVER_CLASSES = ['Parser Error', 'Syntax Error', 'Not implemented Error'];

/** PostgreSQL restarted, failed over, or ended the connection, or the network did, in the words of PostgreSQL and of libpq. */
export const LOST_CONNECTION = new RegExp([
  '(?:closed the connection|connection has been closed) unexpectedly', 'terminating connection (?:due to|because of) ',
  'SSL SYSCALL error', 'SSL error: unexpected eof', 'could not (?:receive data from|send data to) server', 'no connection to the server', 'connection not open',
].join('|'));

/** What stays as it is until somebody corrects it, in the words of PostgreSQL, PgBouncer, libpq and DuckDB. */
const NEVER = [
  /FATAL: {2}database "[^"]*" does not exist/,
  /FATAL: {2}role "[^"]*" (?:does not exist|is not permitted to log in)/,
  /FATAL: {2}permission denied for database/,
  /FATAL: {2}no pg_hba\.conf entry for host/,
  /FATAL: {2}pg_hba\.conf rejects connection/,
  /FATAL: {2}unrecognized configuration parameter/,
  /FATAL: {2}invalid value for parameter/,
  /FATAL: {2}(?:unsupported startup parameter|no such database)/,
  /server does not support SSL, but SSL was required/,
  /certificate verify failed/,
  /server certificate for .* does not match host name/,
  /root certificate file ".*" does not exist|could not read root certificate file/,
  /Cannot open (?:file|database) ".*(?:No such file or directory|Permission denied|Read-only file system|Is a directory|does not exist)/,
  /No files found that match the pattern/,
];

/** What another attempt may not meet. */
const PASSING = [
  /Unable to connect to Postgres/,
  /canceling statement due to (?:conflict with recovery|lock timeout)/,
  LOST_CONNECTION,
];

/** What another attempt of DuckDB's own may not meet. */
const CONFLICT = /^TransactionContext Error: .*(?:Transaction conflict|[Cc]onflict on |another transaction has altered)/;

/** The class of DuckDB's error `text`, such as `Binder Error`; undefined where it has none. */
export function errorClass(text: string): string | undefined {
  return CLASS.exec(text)?.[1];
}

/** Whether what DuckDB says may not be said by the same statement later. What nobody knows does not pass. */
export function isTransient(text: string): boolean {
  return verdict(text) ?? false;
}

/** Like `isTransient`, for what sets something up: what nobody knows is worth another attempt at the next need. */
export function mayPass(text: string): boolean {
  return verdict(text) ?? !NEVER_CLASSES.includes(errorClass(text) ?? '');
}

function verdict(text: string): boolean | undefined {
  if (NO_CREDENTIALS.test(text)) return false;
  const type = errorClass(text);
  if (type === undefined || !REACHING.includes(type)) return CONFLICT.test(text) || undefined;
  if (NEVER.some((pattern) => pattern.test(text))) return false;
  return isTransientHttp(text) || PASSING.some((pattern) => pattern.test(text)) || undefined;
}
