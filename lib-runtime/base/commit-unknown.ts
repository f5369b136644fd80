import { CommitUnknownError } from './errors';
import { excerpt } from './sql-text';
import { DUCKDB } from './wording';

const LOOK = 'the commit was sent and its answer is lost, so it may have been done: before you run the statement again, look whether what it creates or ' +
  'changes is there: a schema, a table, rows, or a snapshot, in an Iceberg table with FROM iceberg_snapshots(catalog.schema.table)';

/** The error of a commit that may have been done; `reason` says what happened, and `hint` what to do before the statement runs again. */
export function commitUnknown(reason: string, sql: string, hint = LOOK): CommitUnknownError {
  const duckdbType = DUCKDB.errorClass.exec(reason)?.[1];
  return new CommitUnknownError(`${reason}\n\nhint: ${hint}\n\nin: ${excerpt(sql)}`, { cause: new Error(reason), duckdbType });
}
