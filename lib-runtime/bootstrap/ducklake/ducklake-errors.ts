import { ConfigError, type DuckDbError, FatalError, messageOf, QueryError } from '../../base/errors';
import { hintedError } from '../../base/hinted-error';
import { quotedIdentifier } from '../../base/sql-text';
import { DUCKLAKE } from '../../base/wording';
import { namesOneOf } from '../../diagnosis/missing-catalog';
import { isTransient } from '../../diagnosis/transient';

/** The names of a lake: its catalog in SQL, and the schema of its tables in PostgreSQL. */
interface LakeNames {
  readonly catalog: string;
  readonly schema: string;
}

const NULL_GIVEN = 'a NULL was given where DuckLake needs a value, as a version in AT or an argument of a function: a parameter that is null, a parameter with a cast in AT ' +
  '(write $version and not $version::BIGINT), or a variable that is not set';
/** SQL that may give a lake an argument without its name, after `USE lake`, or with the name in a parameter. */
const MAY_ASK_LAKE = /\bducklake_|\bAT\s*\(/i;

/** The error for a lake that could not be attached, with the fix if the cause is known. */
export function attachError(error: unknown, catalog: string, schema: string): unknown {
  const text = messageOf(error);
  const told = missingLake(text) ?? otherVersion(text) ?? otherDataPath(text) ?? missingSnapshot(text, catalog) ?? denied(text, schema);
  return told === undefined ? error : new ConfigError(`${told} (${text.trim()})`, { cause: error });
}

export function isMissingLake(error: unknown): boolean {
  return DUCKLAKE.missing.test(messageOf(error));
}

/** The error for a folder in which no lake is made: clean-up deletes every file of its folder that its own lake does not know. */
export function notEmpty(dataPath: string, file: string): ConfigError {
  return new ConfigError(`there is no DuckLake in the database, and none is created at "${dataPath}", which is not empty: it has "${file}", perhaps of another lake, ` +
    'whose files a clean-up of this lake would delete. Correct database and schema, or use an empty prefix');
}

/** The typed error for an error of a statement on a lake, if its text does not say enough; `isLost` says that the connection to its database broke. */
export function statementError(error: string, sql: string, { catalog, schema }: LakeNames, isLost: boolean): DuckDbError | undefined {
  const isNamed = namesOneOf([catalog], sql);
  // DuckLake complains of it while DuckDB binds the statement. The instance stays whole, unlike after other internal errors.
  if (DUCKLAKE.nullArgument.test(error) && (isNamed || MAY_ASK_LAKE.test(sql))) return hintedError(QueryError, error, NULL_GIVEN, sql, false);
  const cause = isNamed ? causeOfInternal(error, schema) : undefined;
  if (cause !== undefined) return hintedError(FatalError, error, cause, sql, false);
  const hint = missingSnapshot(error, catalog) ?? denied(error, schema) ?? nulInText(error);
  // In an error of binding, a lost connection would look permanent.
  if (hint === undefined && (!isLost || isTransient(error))) return undefined;
  return hintedError(QueryError, error, hint, sql, isLost);
}

/** The cause of an internal error that every repetition would have. */
function causeOfInternal(error: string, schema: string): string | undefined {
  if (DUCKLAKE.emptySchema.test(error)) return `if the table has rows in the catalog, the user may not read them: ${grants(schema)}`;
  const [, type] = DUCKLAKE.unstorableType.exec(error) ?? [];
  return type && `DuckLake cannot store the type ${type}: use another one, such as TIME or VARCHAR`;
}

function nulInText(text: string): string | undefined {
  return DUCKLAKE.nulInText.test(text) ? 'DuckLake cannot look for a text with the character NUL: compare hex(column), or store a BLOB' : undefined;
}

function missingLake(text: string): string | undefined {
  if (!isMissingLake(text)) return undefined;
  return 'there is no DuckLake in the database: correct database and schema, or let a step with access to write create it, with createIfMissing: true';
}

function otherVersion(text: string): string | undefined {
  const [, found, needed] = DUCKLAKE.otherVersion.exec(text) ?? [];
  if (found === undefined) return undefined;
  if (Number.parseFloat(found) > Number.parseFloat(needed!)) {
    return `the lake has the version ${found}, and this function's DuckDB reads only ${needed}: deploy the function with the version of DuckDB that the lake's writers have`;
  }
  return `the lake has the version ${found}, and this function's DuckDB needs ${needed}: deploy all of the lake's readers and writers with this version of DuckDB, ` +
    'and let one step with access to write migrate the lake, with migrateIfNeeded: true';
}

function otherDataPath(text: string): string | undefined {
  const [, given, found] = DUCKLAKE.otherDataPath.exec(text) ?? [];
  return given === undefined ? undefined : `the lake's data are at "${found}", not at "${given}": correct bucket and prefix`;
}

function missingSnapshot(text: string, catalog: string): string | undefined {
  const [, by, snapshot] = DUCKLAKE.missingSnapshot.exec(text) ?? [];
  if (by === undefined) return undefined;
  if (snapshot!.startsWith('NULL')) return NULL_GIVEN;
  return `the lake has no snapshot of the ${by} ${snapshot}: it has expired, or never existed; FROM ${catalog}.snapshots(), in a step without a snapshot, lists those that exist`;
}

function denied(text: string, schema: string): string | undefined {
  const [, table] = DUCKLAKE.metadataDenied.exec(text) ?? [];
  return table === undefined ? undefined : `the user may not read the lake's table "${table}": ${grants(schema)}`;
}

function grants(schema: string): string {
  const name = quotedIdentifier(schema);
  return `GRANT SELECT ON ALL TABLES IN SCHEMA ${name} TO the user, and ALTER DEFAULT PRIVILEGES FOR ROLE the writer IN SCHEMA ${name} GRANT SELECT ON TABLES TO the user`;
}
