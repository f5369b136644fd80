import { ConfigError } from '../../base/errors';
import { FLAG, LIMIT, Options, PLAIN, TEXTS } from '../../base/options';
import type { HttpCors, QueryHttpOptions } from '../types';

const HTTP_OPTIONS = new Options<QueryHttpOptions>('the option http of queryHandler()', { cors: PLAIN, streaming: FLAG });
const CORS_OPTIONS = new Options<HttpCors>('the option http.cors of queryHandler()', {
  allowedOrigins: TEXTS, allowCredentials: FLAG, allowedHeaders: TEXTS, exposedHeaders: TEXTS, maxAgeSeconds: LIMIT,
});

/** Checks the options of a handler. Throws `CONFIG`. */
export function readHttpOptions(options: QueryHttpOptions): QueryHttpOptions {
  const { cors, streaming } = HTTP_OPTIONS.read(options);
  if (cors !== undefined && CORS_OPTIONS.read(cors).allowedOrigins === undefined) {
    throw new ConfigError('the option http.cors of queryHandler() has no allowedOrigins: name the pages that may read answers, such as "https://example.com"');
  }
  return { ...(cors !== undefined && { cors }), ...(streaming !== undefined && { streaming }) };
}
