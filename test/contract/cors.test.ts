import { DuckDbQueryFunction } from '../../src';
import { unbundledStack } from '../duckdb-function/unbundled';
import { freshRuntime } from '../lib-runtime/fresh-runtime';
import { queryFolder } from '../lib-runtime/queries/query-bed';

const origins = (...allowedOrigins: string[]) => ({ allowedOrigins });
const ANY = origins('*');

describe.each<[string, readonly object[]]>([
  ['takes', [
    ANY, origins('null'), origins('https://example.com', 'http://localhost:8080'), origins('https://example.com:8443'), origins('capacitor://localhost'),
    origins('https://xn--mnchen-3ya.de'), origins('http://[::1]:8080'), { ...ANY, allowedHeaders: [] }, { ...ANY, allowedHeaders: ['x-a', '*'], exposedHeaders: ['ETag'] },
    { ...origins('https://example.com'), allowCredentials: true },
  ]],
  ['refuses', [
    {}, origins(), origins(''), origins('example.com'), origins('https://example.com/'), origins('https://example.com/x'), origins('https://*.example.com'),
    origins('https://Example.com'), origins('https://example.com:443'), origins('http://example.com:80'), origins('https://münchen.de'), origins('https://a b'),
    origins('https://example.com\r\nx: y'), origins('https://user@example.com'), origins('file://'), origins('https://example.com', 'x'),
    { ...ANY, allowedHeaders: ['x-a\r\nx-b: y'] }, { ...ANY, exposedHeaders: ['x a'] }, { ...ANY, allowedHeaders: [''] }, { ...ANY, allowCredentials: true },
  ]],
])('CORS that the construct and queryHandler() %s', (verb, settings) => {
  const queries = queryFolder({ q: 'SELECT 1' });

  test.each(settings)('%j', (cors) => {
    const construct = () => new DuckDbQueryFunction(unbundledStack(), 'Sales', { queries, http: { cors: cors as { allowedOrigins: string[] } } });
    const handler = () => freshRuntime().queryHandler({ queries, http: { cors: cors as { allowedOrigins: string[] } } });
    for (const make of [construct, handler]) {
      if (verb === 'takes') expect(make).not.toThrow();
      else expect(make).toThrow(/origin|header|Headers/i);
    }
  });
});
