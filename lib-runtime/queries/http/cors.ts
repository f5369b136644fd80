import type { HttpCors } from '../types';

const DEFAULT_ALLOWED = ['content-type', 'authorization', 'if-none-match'];
const DEFAULT_EXPOSED = ['etag', 'retry-after'];

/** The headers that let a browser read a response, also one that is an error; none if its origin is not allowed. */
export function corsHeaders(cors: HttpCors | undefined, origin: string | undefined): Record<string, string> {
  if (cors === undefined) return {};
  const { allowedOrigins, allowCredentials, exposedHeaders = DEFAULT_EXPOSED } = cors;
  const isOpen = allowedOrigins.includes('*');
  const vary: Record<string, string> = isOpen ? {} : { vary: 'Origin' };
  if (origin === undefined || !(isOpen || allowedOrigins.includes(origin))) return vary;
  return {
    ...vary,
    'access-control-allow-origin': isOpen ? '*' : origin,
    ...(allowCredentials === true && { 'access-control-allow-credentials': 'true' }),
    ...(exposedHeaders.length > 0 && { 'access-control-expose-headers': exposedHeaders.join(', ') }),
  };
}

/** What a preflight request asks for. */
export function preflightHeaders(cors: HttpCors | undefined, methods: readonly string[]): Record<string, string> {
  if (cors === undefined) return {};
  const { allowedHeaders = DEFAULT_ALLOWED, maxAgeSeconds } = cors;
  return {
    'access-control-allow-methods': methods.join(', '),
    ...(allowedHeaders.length > 0 && { 'access-control-allow-headers': allowedHeaders.join(', ') }),
    ...(maxAgeSeconds !== undefined && { 'access-control-max-age': String(maxAgeSeconds) }),
  };
}
