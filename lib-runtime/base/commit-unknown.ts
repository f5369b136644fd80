import { CommitUnknownError } from './errors';
import { excerpt } from './sql-text';
import { DUCKDB } from './wording';

const LOOK = 'the commit was sent and its answer is lost, so it may have been done: before you run the statement again, look for its rows, or for its ' +
  'snapshot, in an Iceberg table with FROM iceberg_snapshots(catalog.schema.table)';

/** The error of a commit whose answer has not come; `reason` says why, and `hint` what to do. */
export function commitUnknown(reason: string, sql: string, hint = LOOK): CommitUnknownError {
  const duckdbType = DUCKDB.errorClass.exec(reason)?.[1];
  return new CommitUnknownError(`${reason}\n\nhint: ${hint}\n\nin: ${excerpt(sql)}`, { cause: new Error(reason), duckdbType });
}
