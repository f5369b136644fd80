import { commitUnknown } from '../../base/commit-unknown';
import { BootstrapError, type DuckDbError, QueryError } from '../../base/errors';
import { hintedError } from '../../base/hinted-error';
import { CURL, DUCKDB, ICEBERG, saysOneOf } from '../../base/wording';
import { statusesIn } from '../../diagnosis/http-statuses';
import { namesOneOf } from '../../diagnosis/missing-catalog';

/** What is known of a catalog, for messages. */
export interface KnownCatalog {
  readonly name: string;
  readonly endpoint: string;
  /** What allows requests, as advice on a refusal. */
  readonly access: string;
  /** Where the credentials come from, as advice if they are not accepted. */
  readonly credentials: string;
  /** The folders that the step's own secret covers, such as `s3://lake/warehouse/`. Undefined if it covers what no other secret does. */
  readonly data: readonly string[] | undefined;
}

const OF_CATALOG = [ICEBERG.tableRefused, ICEBERG.unknownStatus, ICEBERG.tokenRefused, ICEBERG.foreignAnswer];
/** Requests that were never sent. */
const NOT_SENT = [CURL.cannotConnect, CURL.cannotResolveHost, CURL.cannotResolveProxy];
/** 419 is the specification's own: the credentials have expired. */
const REFUSED = [401, 419];
const CONFLICT = 409;
const NOT_IMPLEMENTED = 501;
/** S3's answers to a request without credentials, also from another region. */
const REFUSED_FILE = [301, 400, 401, 403, 404];
const FILE_URL = /\b(s3[an]?|https?):\/\/([^/\s'"]+)\/([^\s'"]+?)(?=['"\s]|:\s|$)/;
const AWS_BUCKET = /^(.+)\.s3[.-][a-z0-9.-]*amazonaws\.com/;
const REQUEST_TIMEOUT = 408;

/** What AWS and proxies say in an answer of their own form, and the status that means it. AWS also says it with other statuses, such as 400. */
const MEANINGS: readonly (readonly [RegExp, number])[] = [
  [ICEBERG.expiredToken, 401], [ICEBERG.badSignature, 401], [ICEBERG.throttled, 429], [ICEBERG.notAuthorized, 403],
];

/** The HTTP status with which the catalog answered, or that its answer means; undefined if an error does not tell one. */
function statusOf(error: string): number | undefined {
  const isForeign = ICEBERG.foreignAnswer.test(error);
  const meant = isForeign ? MEANINGS.find(([words]) => words.test(error))?.[1] : undefined;
  if (meant !== undefined) return meant;
  const found = isForeign ? ICEBERG.foreignStatus.exec(error) : ICEBERG.status.exec(error) ?? ICEBERG.unknownStatus.exec(error);
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
  const status = statusOf(error);
  if (ICEBERG.tokenRefused.test(error)) return !isDown(error, status);
  return REFUSED.includes(status ?? 0) || ICEBERG.expiredToken.test(error);
}

/** Whether the catalog, or a proxy before it, may have refused the token: its answer does not say what it means. */
export function mayRefuseAccess(error: string): boolean {
  return ICEBERG.foreignAnswer.test(error) && [undefined, 403].includes(statusOf(error));
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
  if (isUnknownCommit(error, catalog.endpoint)) return commitUnknown(error, sql);
  const advice = lacksSchema(error)
    ? schemaAdvice(sql, catalog)
    : adviceOf(error, catalog) ?? outsideAdvice(error, sql, catalog) ?? unwritableAdvice(error, sql, catalog);
  return advice && hintedError(QueryError, error, advice.hint, sql, advice.retryable);
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

/** Catalogs of other steps lack schemas with the same words. */
function schemaAdvice(sql: string, { name, access }: KnownCatalog): Advice | undefined {
  if (!namesOneOf([name], sql)) return undefined;
  return { hint: `the catalog "${name}" has no such schema, or answers 403 to whoever may not see it: check the name, and ${access}`, retryable: false };
}

/** A file of a table that is outside of the step's data is asked for without credentials. Files that the statement names are not the table's. */
function outsideAdvice(error: string, sql: string, { name, data }: KnownCatalog): Advice | undefined {
  if (data === undefined || !namesOneOf([name], sql) || !statusesIn(error).some((status) => REFUSED_FILE.includes(status))) return undefined;
  const [, scheme, host, path] = FILE_URL.exec(error) ?? [];
  if (host === undefined) return undefined;
  const virtual = AWS_BUCKET.exec(host)?.[1];
  const url = scheme!.startsWith('s3') ? `s3://${host}/${path}` : virtual === undefined ? `s3://${path}` : `s3://${virtual}/${path}`;
  if (data.some((folder) => url.startsWith(folder)) || sql.includes(url.split('/', 3).join('/'))) return undefined;
  return {
    hint: `the table's file ${url} is outside of the folders that the step of the catalog "${name}" has as data, ${data.join(', ')}, ` +
      'and is asked for without credentials: add its bucket or prefix to data, or create the table with a location in them',
    retryable: false,
  };
}

/** What DuckDB cannot do with some tables, to which it can still append rows. */
function unwritableAdvice(error: string, sql: string, { name }: KnownCatalog): Advice | undefined {
  if (!namesOneOf([name], sql)) return undefined;
  if (saysOneOf([ICEBERG.partitionedTwice, ICEBERG.partitionRemoved], error)) return { hint: REPARTITIONED, retryable: false };
  return ICEBERG.nonAsciiFile.test(error) ? { hint: NON_ASCII, retryable: false } : undefined;
}

const REPARTITIONED = 'DuckDB does not handle the changed partitions of this table, of which a field was kept or removed: nothing was committed. ' +
  'Write to the table with another engine, which can also copy its rows into a new table';
const NON_ASCII = 'DuckDB cannot change rows of a table whose location is not ASCII, which comes from the name of the table or its schema: nothing was committed. ' +
  "Copy the rows into a table with an ASCII name, or one that was created WITH ('location' = 's3://...') in ASCII";

function adviceOf(error: string, known: KnownCatalog): Advice | undefined {
  const { name, endpoint, access, credentials } = known;
  if (!isOfCatalog(error, endpoint)) return undefined;
  const status = ICEBERG.expiredToken.test(error) ? 401 : statusOf(error);
  const isDownNow = isDown(error, status);
  if (ICEBERG.tokenRefused.test(error)) {
    return isDownNow
      ? { hint: `the server that gives tokens for the catalog "${name}" cannot be reached or is overloaded`, retryable: true }
      : { hint: `the server that gives tokens for the catalog "${name}" refuses the client: check ${credentials}`, retryable: true };
  }
  if (isDownNow) return { hint: `the catalog "${name}" at ${endpoint} cannot be reached or is overloaded`, retryable: true };
  switch (status) {
    case 401:
    case 419:
      return { hint: `the catalog "${name}" does not accept the function's credentials, or they have expired: check ${credentials}`, retryable: true };
    case 403:
      return { hint: `the catalog "${name}" refuses the request: check ${access}`, retryable: false };
    case 404:
      return { hint: `the catalog "${name}" does not know what was asked for: check its endpoint ${endpoint}, the warehouse and the names`, retryable: false };
    case CONFLICT:
      return {
        hint: 'another writer committed first, and nothing of this commit was done: run the statement, or its transaction, again',
        retryable: true,
      };
    case NOT_IMPLEMENTED:
      return { hint: `the catalog "${name}" does not implement this request`, retryable: false };
    default:
      return ICEBERG.foreignAnswer.test(error) ? { hint: foreignHint(known), retryable: true } : undefined;
  }
}

/** DuckDB does not tell the status of such an answer. */
function foreignHint({ name, endpoint, access, credentials }: KnownCatalog): string {
  return `the catalog "${name}" at ${endpoint}, or a proxy before it, answered with a failure, of which DuckDB does not tell the status: ` +
    `it may not accept the credentials (check ${credentials}), refuse the request (check ${access}), not know its path (check the endpoint), or be overloaded`;
}

function isDown(error: string, status: number | undefined): boolean {
  if (status !== undefined) return status === 429 || (status >= 500 && status !== NOT_IMPLEMENTED);
  return DUCKDB.ioError.test(error) || saysOneOf(NOT_SENT, error);
}

/** Whether a change may have been done although it failed: its request was sent, and no answer says that it was refused. */
function isUnknown(error: string, endpoint: string): boolean {
  if (!isOfCatalog(error, endpoint) || saysOneOf(NOT_SENT, error)) return false;
  const status = statusOf(error);
  return status === undefined || status === REQUEST_TIMEOUT || (status >= 500 && status !== NOT_IMPLEMENTED);
}
