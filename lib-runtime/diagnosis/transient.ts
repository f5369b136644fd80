import { isTransientHttp } from './transient-http';
import { AWS_SDK, DUCKDB, LIBPQ, PGBOUNCER, POSTGRES_EXTENSION, POSTGRESQL, saysOneOf } from '../base/wording';

/** What reached for a file or a server: what others say may quote data and SQL, where such words mean nothing. */
const REACHING = [DUCKDB.httpError, DUCKDB.ioError, DUCKDB.invalidError];
/** A statement, not a server, is at fault; what it names in vain may be there later. */
const NEVER_CLASSES = [DUCKDB.parserError, DUCKDB.syntaxError, DUCKDB.notImplementedError];

/** PostgreSQL restarted, failed over, or ended the connection, or the network did. */
export const LOST_CONNECTION = [
  LIBPQ.closed, LIBPQ.tlsClosed, LIBPQ.tlsSystemError, LIBPQ.tlsUnexpectedEof, LIBPQ.cannotReceive, LIBPQ.cannotSend,
  LIBPQ.noConnection, LIBPQ.notOpen, POSTGRESQL.terminated,
];

/** What stays as it is until somebody corrects it. */
const NEVER = [
  POSTGRESQL.unknownDatabase, POSTGRESQL.unknownRole, POSTGRESQL.noLogin, POSTGRESQL.databaseDenied, POSTGRESQL.noHbaEntry, POSTGRESQL.hbaRejects,
  POSTGRESQL.unknownParameter, POSTGRESQL.invalidParameter,
  PGBOUNCER.startupParameter, PGBOUNCER.unknownDatabase,
  LIBPQ.tlsUnsupported, LIBPQ.certificateOfAnotherAuthority, LIBPQ.certificateOfAnotherHost, LIBPQ.noRootCertificate, LIBPQ.unreadableRootCertificate,
  DUCKDB.noSuchFile, DUCKDB.permissionDenied, DUCKDB.readOnlyFileSystem, DUCKDB.isDirectory, DUCKDB.noSuchDatabase, DUCKDB.noFilesFound,
];

/** What another attempt may not meet. */
const PASSING = [POSTGRES_EXTENSION.cannotConnect, POSTGRESQL.recoveryConflict, POSTGRESQL.lockTimeout, ...LOST_CONNECTION];

/** What another attempt of DuckDB's own may not meet. */
const CONFLICTS = [DUCKDB.transactionConflict, DUCKDB.writeConflict, DUCKDB.alteredMeanwhile];

/** The class of DuckDB's error `text`, such as `Binder Error`; undefined where it has none. */
export function errorClass(text: string): string | undefined {
  return DUCKDB.errorClass.exec(text)?.[1];
}

/** Whether what DuckDB says may not be said by the same statement later. What nobody knows does not pass. */
export function isTransient(text: string): boolean {
  return verdict(text) ?? false;
}

/** Like `isTransient`, for what sets something up: what nobody knows is worth another attempt at the next need. */
export function mayPass(text: string): boolean {
  return verdict(text) ?? !saysOneOf(NEVER_CLASSES, text);
}

function verdict(text: string): boolean | undefined {
  // No variables, no profile, no role: that does not pass by itself.
  if (AWS_SDK.noCredentials.test(text)) return false;
  if (!saysOneOf(REACHING, text)) return saysOneOf(CONFLICTS, text) || undefined;
  if (saysOneOf(NEVER, text)) return false;
  return isTransientHttp(text) || saysOneOf(PASSING, text) || undefined;
}
