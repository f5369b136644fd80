import type { DuckDBConnection } from '@duckdb/node-api';
import { isScriptOfWrites } from './ducklake-writes';
import { commitUnknown } from '../../base/commit-unknown';
import { type DuckDbError, messageOf, QueryError } from '../../base/errors';
import { hintedError } from '../../base/hinted-error';
import { quotedIdentifier, quotedString } from '../../base/sql-text';
import { DUCKLAKE, saysOneOf } from '../../base/wording';
import { Statement } from '../../execution/statement';

/*
 * A commit of DuckLake sends its changes to PostgreSQL, and then COMMIT. If anything fails, DuckLake deletes the files that it has written, even if
 * only the answer to COMMIT was lost: a lake would then refer to files that are gone. So steps that write, but do not maintain the lake, get no
 * permission to delete. The lake stays whole, but DuckLake reports that it could not delete, and not why the commit failed. The catalog knows.
 */

/** Errors of a commit before COMMIT was sent, or that the server refused. */
const NOT_COMMITTED = [DUCKLAKE.conflict, DUCKLAKE.refusedCommit, DUCKLAKE.notSerialized, DUCKLAKE.brokenBefore];
/** How long the writers that are committing at the moment are waited for. */
const WAIT_MS = 5_000;

const AFTER_NOTHING = 'nothing of it was committed, because another writer was first or the connection broke: run it again, with the whole transaction if it is part of one';

const COMMITTED = 'it was committed, and only the answer was lost: do not run it again';

const ONE_BY_ONE = 'each statement of the script is committed by itself';

const REST_LEFT = `${ONE_BY_ONE}. The one that wrote this file was committed, as those before it, and only the answer was lost. Those after it did not run: run only them`;

const EARLIER_DONE = `${ONE_BY_ONE}, and those before the failed one are done: look into their tables, and run only the rest again`;

const ROLLED_BACK = 'the transaction was rolled back; what it had written stays in S3, unused, until ducklake_delete_orphaned_files deletes it';

const IF_DELETED = 'with a role that may delete the lake\'s objects, DuckLake has deleted those that it had written: if the lake refers to them, restore them from the ' +
  'versions that the bucket keeps';

/** The catalog of a lake, as far as commits concern it. */
export interface CommitTarget {
  /** The name of the lake's catalog. */
  readonly catalog: string;
  /** The URL of the lake's data. */
  readonly dataPath: string;
  /** The schema of the lake's tables in PostgreSQL. */
  readonly schema: string;
}

/** Whether `error` is of a commit to the lake that may be tried again, unless the catalog shows that it was made. */
export function isFailedCommit(error: string, { dataPath }: CommitTarget): boolean {
  if (saysOneOf([...NOT_COMMITTED, DUCKLAKE.brokenAtCommit], error)) return true;
  return DUCKLAKE.notDeletedAfterCommit.exec(error)?.[1]?.startsWith(dataPath) ?? false;
}

/** Whether `error` is of a commit that was not made. */
export function isNotCommitted(error: string): boolean {
  return saysOneOf(NOT_COMMITTED, error);
}

/** Returns if nothing was committed. Throws if the statement was committed, or if that cannot be found out. */
export async function settleCommit(connection: DuckDBConnection, error: string, sql: string, lake: CommitTarget): Promise<void> {
  if (isNotCommitted(error)) return;
  const file = DUCKLAKE.notDeletedAfterCommit.exec(error)?.[1];
  const isCommitted = file === undefined ? undefined : await isKnown(connection, file, lake).catch((cause) => messageOf(cause));
  if (isCommitted === false) return;
  if (isCommitted === true) throw hintedError(QueryError, error, isScriptOfWrites(new Statement(sql)) ? REST_LEFT : COMMITTED, sql);
  throw unknown(error, sql, isCommitted);
}

/** The typed error for an error of a commit or a rollback; undefined for another error. */
export function explainCommit(error: string, sql: string, lake: CommitTarget): DuckDbError | undefined {
  if (DUCKLAKE.brokenAtCommit.test(error)) return unknown(error, sql);
  if (isFailedCommit(error, lake)) return explainScript(error, sql) ?? hintedError(QueryError, error, AFTER_NOTHING, sql, true);
  if (!DUCKLAKE.notDeletedAfterRollback.exec(error)?.[1]?.startsWith(lake.dataPath)) return undefined;
  return hintedError(QueryError, error, ROLLED_BACK, sql);
}

/** The typed error for an error of a script of which a part may be done, although the failed statement committed nothing. */
export function explainScript(error: string, sql: string): DuckDbError | undefined {
  return isScriptOfWrites(new Statement(sql)) ? commitUnknown(error, sql, EARLIER_DONE) : undefined;
}

function unknown(error: string, sql: string, why?: string): DuckDbError {
  const told = why === undefined ? '' : ` (${why})`;
  return commitUnknown(error, sql, `whether it was committed is unknown${told}: look into the lake before you run it again; ${IF_DELETED}`);
}

/** Whether the catalog knows a file, after all commits that may be under way. */
async function isKnown(connection: DuckDBConnection, file: string, { catalog, schema }: CommitTarget): Promise<boolean> {
  const metadata = quotedString(`__ducklake_metadata_${catalog}`);
  const name = file.slice(file.lastIndexOf('/') + 1);
  const table = (of: string) => `${quotedIdentifier(schema)}.${of}`;
  const like = `path LIKE ${quotedString(`%${name}`)}`;
  await connection.run('BEGIN');
  // A server that has lost its client may still be committing. It holds a lock on this table until it has ended.
  const waiting = `SET LOCAL lock_timeout = ${WAIT_MS}; LOCK TABLE ${table('ducklake_snapshot')} IN SHARE MODE`;
  await connection.run(`CALL postgres_execute(${metadata}, ${quotedString(waiting)})`);
  const query = `SELECT 1 FROM ${table('ducklake_data_file')} WHERE ${like} UNION ALL SELECT 1 FROM ${table('ducklake_delete_file')} WHERE ${like}`;
  const result = await connection.run(`SELECT count(*) > 0 FROM postgres_query(${metadata}, ${quotedString(query)})`);
  return (await result.getRows())[0]?.[0] === true;
}
