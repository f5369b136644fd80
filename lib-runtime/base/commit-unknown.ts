import { CommitUnknownError } from './errors';
import { hintedError } from './hinted-error';

const LOOK = 'the commit was sent and its answer is lost, so it may have been done: before you run the statement again, look whether what it creates or ' +
  'changes is there: a schema, a table, rows, or a snapshot, with FROM iceberg_snapshots(catalog.schema.table) or FROM lake.snapshots()';

/** The error of a commit that may have been done; `reason` says what happened, and `hint` what to do before the statement runs again. */
export function commitUnknown(reason: string, sql: string, hint = LOOK): CommitUnknownError {
  return hintedError(CommitUnknownError, reason, hint, sql);
}
