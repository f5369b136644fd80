import { statusesIn } from './http-statuses';
import { withoutEcho } from './missing-catalog';
import { CURL, DUCKDB, HTTPFS, HTTPLIB, S3, saysOneOf } from '../base/wording';

/**
 * Errors of a request that may succeed when it is made again.
 *
 * DuckDB's HTTP clients do not distinguish a name that does not exist yet from one that never will, nor a broken handshake from a refused one.
 */
const PASSING = [
  CURL.timeout, CURL.partialFile, CURL.gotNothing, CURL.cannotConnect, CURL.cannotResolveProxy, CURL.cannotResolveHost,
  CURL.sendError, CURL.receiveError, CURL.tlsConnectError, CURL.rewindFailed, CURL.notReady, CURL.http2Error, CURL.http2StreamError, CURL.quicError,
  HTTPLIB.cannotConnect, HTTPLIB.readError, HTTPLIB.writeError, HTTPLIB.timeout, HTTPLIB.tlsConnectError, HTTPLIB.proxyError,
  S3.slowDown, S3.internalError, S3.serviceUnavailable, S3.requestTimeout, S3.operationAborted,
];
/** Status 408: the server did not get the request in time. */
const PASSING_STATUSES = [408, 429, 500, 502, 503, 504];
/** A request that broke in the middle of its body is an `Invalid Error`. */
const REMOTE = [DUCKDB.httpError, DUCKDB.ioError, DUCKDB.invalidError];
/** Names, URLs and keys. An apostrophe within a word does not begin one. */
const QUOTED = /(?<=^|[\s(=])(?:'[^'\n]*'|"[^"\n]*")/g;

/** Whether `error`, the text of DuckDB's error, is about a request to S3 or another HTTP server that may succeed when it is made again. */
export function isTransientHttp(error: string): boolean {
  const said = saidOfRequest(error);
  if (said === undefined) return false;
  return saysOneOf(PASSING, said) || saysChanged(said) || statusesIn(said).some((status) => PASSING_STATUSES.includes(status));
}

/** Whether a remote file was replaced while a statement read it. */
export function hasChanged(error: string): boolean {
  const said = saidOfRequest(error);
  return said !== undefined && saysChanged(said);
}

/** By a longer object, by a shorter one, or by one that ends before what was to be read. */
function saysChanged(said: string): boolean {
  return (HTTPFS.entityTagOfFile.test(said) && HTTPFS.entityTagBefore.test(said)) || statusesIn(said).includes(416) || DUCKDB.outsideFile.test(said);
}

/** What DuckDB itself says of a request; undefined for an error of another kind. */
function saidOfRequest(error: string): string | undefined {
  return saysOneOf(REMOTE, error) ? withoutEcho(error).replace(QUOTED, '') : undefined;
}
