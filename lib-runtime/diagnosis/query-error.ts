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

// A name of its own, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

const advice = () => requireFromHere('./advice') as typeof import('./advice');
/** What to do about errors of PostgreSQL. */
export const postgresHints = () => requireFromHere('./postgres-hints') as typeof import('./postgres-hints');

/** In these DuckDB gives advice, or this package can. */
const ADVISED = [
  DUCKDB.httpError, DUCKDB.ioError, DUCKDB.catalogError, DUCKDB.binderError, DUCKDB.invalidInputError,
  DUCKDB.missingExtensionError, DUCKDB.autoloadingError,
];

/** What can be asked which catalogs are attached. */
interface Attached {
  withRaw<T>(task: (connection: DuckDBConnection) => Promise<T>): Promise<T>;
}

/** What is known of a statement that failed, beside its text. */
export interface FailedStatement {
  readonly parameters?: object;
  /** The bootstrap steps that it could trigger. @default - all declared steps */
  readonly allowed?: readonly string[];
  /** The catalogs that are attached, where the statement lacked one. */
  readonly attached?: readonly string[];
}

/** The typed error for what DuckDB threw: its own text, its class, what to do where a usual cause is known, and the SQL's start. */
export function queryError(error: unknown, sql: string, statement: FailedStatement = {}): DuckDbError {
  const text = textOf(error);
  const duckdbType = errorClass(text);
  postgresHints().rememberPasswords(text);
  const message = `${advised(text, sql, statement)}\n\nin: ${excerpt(sql)}`;
  if (isFatal(text)) return new FatalError(message, { cause: new Error(text), duckdbType });
  return new QueryError(message, { cause: error, duckdbType, retryable: isTransient(text) });
}

/** DuckDB's error without advice that is wrong in a function, and with what to do instead. */
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

/** Like `queryError`; where a catalog was missing, it names those that `instance` has. */
export async function explainedError(error: unknown, sql: string, instance: Attached, statement: FailedStatement): Promise<DuckDbError> {
  const attached = missingCatalog(messageOf(error)) === undefined ? [] : await attachedCatalogs(instance);
  return queryError(error, sql, { ...statement, attached });
}

async function attachedCatalogs(instance: Attached): Promise<string[]> {
  const list = async () => instance.withRaw(async (connection) => {
    const result = await connection.run('SELECT database_name FROM duckdb_databases() WHERE NOT internal');
    return (await result.getRows()).map(([name]) => String(name));
  });
  // It may be closing: then those that are declared must do.
  return list().catch(() => []);
}

/** What DuckDB said, without what only its developers can read: the addresses of its code, and that a script was split first. */
export function textOf(error: unknown): string {
  return messageOf(error).split(DUCKDB.stackTrace, 1)[0]!.replace(DUCKDB.splitFailed, '');
}

/** After such an error DuckDB refuses everything: an internal one has left it in a state that nobody knows. */
export function isFatal(text: string): boolean {
  return saysOneOf([DUCKDB.fatalError, DUCKDB.internalError, DUCKDB.invalidated], text);
}
