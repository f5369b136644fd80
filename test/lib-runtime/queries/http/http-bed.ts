import { gunzipSync } from 'node:zlib';
import { type Asked, type Service, SHAPES } from './events';
import type { QueryHttpAnswer } from '../../../../lib-runtime';
import type { Runtime } from '../../fresh-runtime';
import { queryFolder } from '../query-bed';

/** A response as its client sees it. */
export interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
  readonly text: string;
}

/** What a service makes of a function's result. */
export function seen({ statusCode, headers, body, isBase64Encoded }: QueryHttpAnswer): Seen {
  const sent = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
  const bytes = headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
  return { status: statusCode, headers, bytes, text: bytes.toString() };
}

/** Asks a function with the given queries. */
export type Ask = (asked: Asked | string, service?: Service) => Promise<Seen>;

export function asking(runtime: Runtime, queries: Readonly<Record<string, string>>, options: object = {}): Ask {
  const handler = runtime.queryHandler({ queries: queryFolder(queries), ...options });
  return async (asked, service = 'functionUrl') => {
    const result = await handler(SHAPES[service](typeof asked === 'string' ? at(asked) : asked) as { requestContext: object });
    // As Lambda passes it on.
    return seen(JSON.parse(JSON.stringify(result)) as QueryHttpAnswer);
  };
}

/** The request for a URL's path and query string. */
export function at(url: string, more: Partial<Asked> = {}): Asked {
  const [path = '', query = ''] = url.split('?');
  return { path, query, ...more };
}
