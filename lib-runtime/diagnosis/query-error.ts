import { createRequire } from 'node:module';
import type { DuckDBConnection } from '@duckdb/node-api';
import { missingCatalog } from './missing-catalog';
import { withPart } from './remote-write';
import { errorClass, isTransient } from './transient';
import { uploadHint } from './upload-hint';
import { readConfigAtImport } from '../base/config';
import { type DuckDbError, FatalError, messageOf, QueryError } from '../base/errors';
import { inLambda } from '../base/lambda-environment';
import { excerpt } from '../base/sql-text';
import { DUCKDB, saysOneOf } from '../base/wording';
import { installCommand } from '../extensions/extensions';

// A distinct name, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

const advice = () => requireFromHere('./advice') as typeof import('./advice');
/** Advice for errors of PostgreSQL. */
export const postgresHints = () => requireFromHere('./postgres-hints') as typeof import('./postgres-hints');

/** Errors in which DuckDB gives advice, or this package can. */
const ADVISED = [
  DUCKDB.httpError, DUCKDB.ioError, DUCKDB.catalogError, DUCKDB.binderError, DUCKDB.invalidInputError,
  DUCKDB.missingExtensionError, DUCKDB.autoloadingError,
];

/** An instance that can list the attached catalogs. */
interface Attached {
  withRaw<T>(task: (connection: DuckDBConnection) => Promise<T>): Promise<T>;
}

/** Facts about a failed statement, beside its text. */
export interface FailedStatement {
  readonly parameters?: object;
  /** The bootstrap steps that the statement could trigger. @default - all declared steps */
  readonly allowed?: readonly string[];
  /** The attached catalogs, if the statement lacked a catalog. */
  readonly attached?: readonly string[];
}

/** The typed error for an error of DuckDB: DuckDB's text and class, advice if a usual cause is known, and the start of the SQL. */
export function queryError(error: unknown, sql: string, statement: FailedStatement = {}): DuckDbError {
  const text = textOf(error);
  const duckdbType = errorClass(text);
  postgresHints().rememberPasswords(text);
  const message = `${advised(text, sql, statement)}\n\nin: ${excerpt(sql)}`;
  if (isFatal(text)) return new FatalError(message, { cause: new Error(text), duckdbType });
  return new QueryError(message, { cause: error, duckdbType, retryable: isTransient(text) });
}

/** DuckDB's error, in which advice that is wrong in a function is replaced by the right advice. */
export function advised(text: string, sql: string, statement: FailedStatement = {}): string {
  return withPart(withAdvice(text, sql, statement), sql, statement.parameters);
}

function withAdvice(text: string, sql: string, { parameters, allowed, attached = [] }: FailedStatement): string {
  const known = postgresHints().postgresHint(text) ?? uploadHint(text, sql);
  if (known !== undefined) return `${text}\n\nhint: ${known}`;
  if (!saysOneOf(ADVISED, text)) return text;
  const { env } = process;
  const { text: told, hint } = advice().advise(text, sql, {
    isInLambda: inLambda(env),
    isConfigured: Boolean(env.DUCKDB_LAMBDA_CONFIG),
    steps: readConfigAtImport(env).steps,
    allowed,
    attached,
    parameters,
    extensionDirectory: env.DUCKDB_EXTENSIONS_DIR || undefined,
    installCommand,
  });
  return `${told}${hint === undefined ? '' : `\n\nhint: ${hint}`}`;
}

/** Like `queryError`. If a catalog was missing, the error lists the catalogs of `instance`. */
export async function explainedError(error: unknown, sql: string, instance: Attached, statement: FailedStatement): Promise<DuckDbError> {
  const attached = missingCatalog(messageOf(error)) === undefined ? [] : await attachedCatalogs(instance);
  return queryError(error, sql, { ...statement, attached });
}

async function attachedCatalogs(instance: Attached): Promise<string[]> {
  const list = async () => instance.withRaw(async (connection) => {
    // Attached without AS, a PostgreSQL database has its connection string as its name.
    const result = await connection.run("SELECT database_name FROM duckdb_databases() WHERE NOT internal AND NOT contains(database_name, '=')");
    return (await result.getRows()).map(([name]) => String(name));
  });
  // The instance may be closing. Then the declared catalogs are listed.
  return list().catch(() => []);
}

/** DuckDB's text without parts for DuckDB's developers: code addresses, and the remark that a script was split first. */
export function textOf(error: unknown): string {
  return messageOf(error).split(DUCKDB.stackTrace, 1)[0]!.replace(DUCKDB.splitFailed, '');
}

/** Whether DuckDB refuses every statement after this error. An internal error leaves it in an unknown state. */
export function isFatal(text: string): boolean {
  return saysOneOf([DUCKDB.fatalError, DUCKDB.internalError, DUCKDB.invalidated], text);
}
