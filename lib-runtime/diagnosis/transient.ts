import { isTransientHttp } from './transient-http';
import { AWS_SDK, DUCKDB, LIBPQ, PGBOUNCER, POSTGRES_EXTENSION, POSTGRESQL, saysOneOf } from '../base/wording';

/** Errors of access to a file or a server. Other errors may quote data and SQL, where such words mean nothing. */
const REACHING = [DUCKDB.httpError, DUCKDB.ioError, DUCKDB.invalidError];
/** Errors whose cause is the statement, not a server. Names that are missing now may exist later. */
const NEVER_CLASSES = [DUCKDB.parserError, DUCKDB.syntaxError, DUCKDB.notImplementedError];

/** PostgreSQL restarted, failed over, or ended the connection, or the network broke it. */
export const LOST_CONNECTION = [
  LIBPQ.closed, LIBPQ.tlsClosed, LIBPQ.tlsSystemError, LIBPQ.tlsUnexpectedEof, LIBPQ.cannotReceive, LIBPQ.cannotSend,
  LIBPQ.noConnection, LIBPQ.notOpen, POSTGRESQL.terminated,
];

/** Causes that last until somebody fixes them. */
const NEVER = [
  POSTGRESQL.unknownDatabase, POSTGRESQL.unknownRole, POSTGRESQL.noLogin, POSTGRESQL.databaseDenied, POSTGRESQL.noHbaEntry, POSTGRESQL.hbaRejects,
  POSTGRESQL.unknownParameter, POSTGRESQL.invalidParameter,
  PGBOUNCER.startupParameter, PGBOUNCER.unknownDatabase,
  LIBPQ.tlsUnsupported, LIBPQ.certificateOfAnotherAuthority, LIBPQ.certificateOfAnotherHost, LIBPQ.noRootCertificate, LIBPQ.unreadableRootCertificate,
  DUCKDB.noSuchFile, DUCKDB.permissionDenied, DUCKDB.readOnlyFileSystem, DUCKDB.isDirectory, DUCKDB.noSuchDatabase, DUCKDB.noFilesFound,
];

/** Causes that another attempt may not have. */
const PASSING = [POSTGRES_EXTENSION.cannotConnect, POSTGRESQL.recoveryConflict, POSTGRESQL.lockTimeout, ...LOST_CONNECTION];

/** Causes within DuckDB that another attempt may not have. */
const CONFLICTS = [DUCKDB.transactionConflict, DUCKDB.writeConflict, DUCKDB.alteredMeanwhile];

/** The class of DuckDB's error `text`, such as `Binder Error`; undefined if it has none. */
export function errorClass(text: string): string | undefined {
  return DUCKDB.errorClass.exec(text)?.[1];
}

/** Whether the same statement may succeed later, despite DuckDB's error. An unknown error counts as permanent. */
export function isTransient(text: string): boolean {
  return verdict(text) ?? false;
}

/** Like `isTransient`, for a task that sets something up: after an unknown error, it is tried again at the next need. */
export function mayPass(text: string): boolean {
  return verdict(text) ?? !saysOneOf(NEVER_CLASSES, text);
}

function verdict(text: string): boolean | undefined {
  // No variables, no profile, no role: this does not change by itself.
  if (AWS_SDK.noCredentials.test(text)) return false;
  if (!saysOneOf(REACHING, text)) return saysOneOf(CONFLICTS, text) || undefined;
  if (saysOneOf(NEVER, text)) return false;
  return isTransientHttp(text) || saysOneOf(PASSING, text) || undefined;
}
