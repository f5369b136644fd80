import { ConfigError, messageOf } from '../base/errors';
import { DUCKLAKE } from '../base/wording';

/** The error for a lake that could not be attached, with the fix if the cause is known. */
export function attachError(error: unknown, catalog: string): unknown {
  const text = messageOf(error);
  const told = missingLake(text) ?? otherVersion(text) ?? otherDataPath(text) ?? missingSnapshot(text, catalog) ?? denied(text);
  return told === undefined ? error : new ConfigError(`${told} (${text.trim()})`, { cause: error });
}

function missingLake(text: string): string | undefined {
  if (!DUCKLAKE.missing.test(text)) return undefined;
  return 'there is no DuckLake in the database: correct database and metadataSchema, or let a step with access to write create it, with createIfMissing: true';
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
  return `the lake has no snapshot of the ${by} ${snapshot}: it has expired, or never existed; FROM ${catalog}.snapshots(), in a step without a snapshot, lists those that exist`;
}

function denied(text: string): string | undefined {
  const [, table] = DUCKLAKE.metadataDenied.exec(text) ?? [];
  return table === undefined ? undefined : `the user may not read the lake's table "${table}": GRANT SELECT ON ALL TABLES IN SCHEMA public, and the same by ALTER DEFAULT PRIVILEGES`;
}
