import { commitUnknown } from '../base/commit-unknown';
import { BootstrapError, type DuckDbError, QueryError } from '../base/errors';
import { excerpt } from '../base/sql-text';
import { CURL, DUCKDB, ICEBERG, saysOneOf } from '../base/wording';
import { errorClass } from '../diagnosis/transient';

/** What is known of a catalog, for messages. */
export interface KnownCatalog {
  readonly name: string;
  readonly endpoint: string;
  /** How requests are signed, as advice on a refusal. */
  readonly access: string;
}

const OF_CATALOG = [ICEBERG.tableRefused, ICEBERG.unknownStatus, ICEBERG.tokenRefused, ICEBERG.plainRefusal];
/** Requests that were never sent. */
const NOT_SENT = [CURL.cannotConnect, CURL.cannotResolveHost, CURL.cannotResolveProxy];
/** 419 is the specification's own: the credentials have expired. */
const REFUSED = [401, 419];
const CONFLICT = 409;
const NOT_IMPLEMENTED = 501;
const REQUEST_TIMEOUT = 408;

/** The HTTP status with which the catalog answered; undefined if an error does not tell one. */
function statusOf(error: string): number | undefined {
  const found = ICEBERG.status.exec(error) ?? ICEBERG.unknownStatus.exec(error);
  const status = found?.slice(1).find((each) => each !== undefined);
  return status === undefined ? undefined : Number(status);
}

/** Whether an error is about a request to a catalog, and not to the data. */
function isOfCatalog(error: string, endpoint: string): boolean {
  return error.includes(`'${endpoint}/`) || saysOneOf(OF_CATALOG, error);
}

/** Whether the catalog refuses the token, or the credentials with which requests are signed. */
export function refusesAccess(error: string, endpoint: string): boolean {
  if (!isOfCatalog(error, endpoint)) return false;
  return REFUSED.includes(statusOf(error) ?? 0) || saysOneOf([ICEBERG.tokenRefused, ICEBERG.expiredToken], error);
}

/** Whether another writer has changed the table since the statement read it. Nothing of this commit was committed. */
export function isConflict(error: string): boolean {
  return ICEBERG.commitFailed.test(error) && statusOf(error) === CONFLICT;
}

/** Whether the catalog has failed to create a table, or says that it exists although DuckDB had not found it. */
export function isFailedCreation(error: string, endpoint: string): boolean {
  return ICEBERG.creationFailed.test(error) && (isUnknown(error, endpoint) || isCreationConflict(error));
}

/** Whether the catalog says that a table exists, which DuckDB had not found when it asked to create it. */
export function isCreationConflict(error: string): boolean {
  return ICEBERG.creationFailed.test(error) && statusOf(error) === CONFLICT;
}

/** Whether a commit may have been done although it failed. */
export function isUnknownCommit(error: string, endpoint: string): boolean {
  return ICEBERG.commitFailed.test(error) && isUnknown(error, endpoint);
}

/** Whether DuckDB does not find a schema. DuckDB never looks again, so the schema may exist by now. */
export function lacksSchema(error: string): boolean {
  return DUCKDB.catalogError.test(error) && ICEBERG.unknownSchema.test(error);
}

/** The typed error for an error that concerns the catalog: `COMMIT_UNKNOWN` if a commit's outcome is unknown, else `QUERY` with the fix. */
export function icebergError(error: string, sql: string, catalog: KnownCatalog): DuckDbError | undefined {
  const duckdbType = errorClass(error);
  const told = (hint: string) => `${error}\n\nhint: ${hint}\n\nin: ${excerpt(sql)}`;
  if (isUnknownCommit(error, catalog.endpoint)) return commitUnknown(error, sql);
  const { hint, retryable } = adviceOf(error, catalog) ?? {};
  return hint === undefined ? undefined : new QueryError(told(hint), { cause: new Error(error), duckdbType, retryable });
}

/** The error of attaching the catalog. */
export function attachError(error: string, catalog: KnownCatalog): BootstrapError {
  const { hint, retryable } = adviceOf(error, catalog) ?? {};
  return new BootstrapError(hint === undefined ? error : `${error}; hint: ${hint}`, { cause: new Error(error), ...retryable !== undefined && { retryable } });
}

interface Advice {
  readonly hint: string;
  readonly retryable: boolean;
}

function adviceOf(error: string, { name, endpoint, access }: KnownCatalog): Advice | undefined {
  if (lacksSchema(error)) {
    return { hint: `the catalog "${name}" has no such schema, or answers 403 to whoever may not see it: check the name, and ${access}`, retryable: false };
  }
  if (!isOfCatalog(error, endpoint)) return undefined;
  const status = ICEBERG.plainRefusal.test(error) ? 403 : statusOf(error);
  switch (status) {
    case 401:
    case 419:
      return { hint: `the catalog "${name}" does not accept the function's credentials, or they have expired: check ${access}`, retryable: true };
    case 403:
      return { hint: `the catalog "${name}" refuses the request: check ${access}`, retryable: false };
    case 404:
      return { hint: `the catalog "${name}" does not know what was asked for: check its endpoint ${endpoint}, the warehouse and the names`, retryable: false };
    case 409:
      return {
        hint: 'another writer committed first, and nothing of this commit was done: run the statement, or its transaction, again',
        retryable: true,
      };
    default:
      return isDown(error, status) ? { hint: `the catalog "${name}" at ${endpoint} cannot be reached or is overloaded`, retryable: true } : undefined;
  }
}

function isDown(error: string, status: number | undefined): boolean {
  return status === undefined ? DUCKDB.ioError.test(error) || saysOneOf(NOT_SENT, error) : status === 429 || status >= 500;
}

/** Whether a change may have been done although it failed: its request was sent, and no answer says that it was refused. */
function isUnknown(error: string, endpoint: string): boolean {
  if (!isOfCatalog(error, endpoint) || saysOneOf(NOT_SENT, error)) return false;
  const status = statusOf(error);
  return status === undefined || status === REQUEST_TIMEOUT || (status >= 500 && status !== NOT_IMPLEMENTED);
}
