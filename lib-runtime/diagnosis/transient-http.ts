import { withoutEcho } from './missing-catalog';

/**
 * What DuckDB's HTTP clients say of a request that may succeed when it is made again.
 *
 * curl, the default, says it by its `curl_easy_strerror`, whose words have changed over its versions; httplib by the `to_string` of its
 * errors. Neither tells a name that does not exist yet from one that never will, nor a handshake that broke from one that was refused.
 */
const WORDS = new RegExp([
  // curl
  'Timeout was reached', 'Transferred a partial file', 'Server returned nothing', '(?:Could not|Couldn\'t) connect to server',
  '(?:Could not|Couldn\'t) resolve (?:proxy|host ?name|host)', 'Failed sending data to the peer', 'Failure when receiving data from the peer',
  'SSL connect error', 'Send failed since rewinding of the data stream failed', 'Socket not ready for send/recv',
  'Error in the HTTP2 framing layer', 'Stream error in the HTTP/2 framing layer', 'QUIC connection error',
  // httplib
  'Could not establish connection', 'Failed to (?:read|write) connection', 'Connection timed out', 'SSL connection failed', 'Proxy connection failed',
].join('|'));
/** In each of its forms; 408 is a server that waited for the request in vain. Figures elsewhere may be anything, such as a part of a key. */
const STATUS = /\bHTTP (?:code )?(?:408|429|500|502|503|504)\b/;
/** S3's own codes (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html): `RequestTimeout` comes with status 400. */
const CODES = /\b(?:SlowDown|InternalError|ServiceUnavailable|RequestTimeout|OperationAborted)\b/;
/** The object was replaced while it was read: by a longer one, by a shorter one, or by one that is shorter than what was to be read. */
const CHANGED = /ETag on reading file [^]* was initially |\bHTTP 416\b|^Invalid Error: Prefetch registered for bytes outside file/;
/** A request that broke in mid-body is an `Invalid Error`. */
const REMOTE = /^(?:HTTP|IO|Invalid) Error: /;
/** Names, URLs and keys. No apostrophe of a word begins one. */
const QUOTED = /(?<=^|[\s(=])(?:'[^'\n]*'|"[^"\n]*")/g;

/** Whether `error`, the text of DuckDB's error, tells of a request to S3 or another HTTP server that may succeed when made again. */
export function isTransientHttp(error: string): boolean {
  const said = saidOfRequest(error);
  return said !== undefined && [WORDS, STATUS, CODES, CHANGED].some((pattern) => pattern.test(said));
}

/** Whether a remote file was replaced while a statement read it. */
export function hasChanged(error: string): boolean {
  return CHANGED.test(saidOfRequest(error) ?? '');
}

/** What DuckDB itself says of a request; undefined for an error of another kind. */
function saidOfRequest(error: string): string | undefined {
  return REMOTE.test(error) ? withoutEcho(error).replace(QUOTED, '') : undefined;
}
