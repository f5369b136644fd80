import { ConfigError } from '../../base/errors';
import { type Check, FLAG, Options, PLAIN } from '../../base/options';
import type { HttpCors, QueryHttpOptions } from '../types';

const ORIGINS: Check = {
  expected: 'a list of origins as browsers send them, such as ["https://example.com"]',
  isRight: (value) => Array.isArray(value) && value.length > 0 && value.every(isOrigin),
};
/** Headers as RFC 9110 names them. */
const HEADERS: Check = {
  expected: 'a list of names of headers',
  isRight: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(name)),
};
const SECONDS: Check = { expected: 'a whole number from 0', isRight: (value) => Number.isSafeInteger(value) && value >= 0 };

const HTTP_OPTIONS = new Options<QueryHttpOptions>('the option http of queryHandler()', { cors: PLAIN, streaming: FLAG });
const CORS_OPTIONS = new Options<HttpCors>('the option http.cors of queryHandler()', {
  allowedOrigins: ORIGINS, allowCredentials: FLAG, allowedHeaders: HEADERS, exposedHeaders: HEADERS, maxAgeSeconds: SECONDS,
});

/** Checks the options of a handler. Throws `CONFIG`, also for CORS with which no page could read an answer. */
export function readHttpOptions(options: QueryHttpOptions): QueryHttpOptions {
  const { cors, streaming } = HTTP_OPTIONS.read(options);
  return { ...(cors !== undefined && { cors: readCors(cors) }), ...(streaming !== undefined && { streaming }) };
}

function readCors(cors: HttpCors): HttpCors {
  const read = CORS_OPTIONS.read(cors);
  const { allowedOrigins, allowCredentials } = read;
  if (allowedOrigins === undefined) {
    throw new ConfigError('the option http.cors of queryHandler() has no allowedOrigins: name the pages that may read answers, such as "https://example.com"');
  }
  if (allowCredentials === true && allowedOrigins.includes('*')) {
    throw new ConfigError('the option http.cors of queryHandler() has allowCredentials with the origin "*", which browsers refuse: name the origins, such as "https://example.com"');
  }
  return read;
}

/** Whether a browser can send it: in lower case, without a path, a default port or letters beyond ASCII. `null` is a page without an origin. */
function isOrigin(value: unknown): boolean {
  if (value === '*' || value === 'null') return true;
  if (typeof value !== 'string' || value.includes('*') || !URL.canParse(value)) return false;
  const { protocol, host, origin } = new URL(value);
  // Only of schemes that all browsers know does a URL have an origin.
  return host !== '' && value === (origin === 'null' ? `${protocol}//${host}` : origin);
}
