import { negotiate, takesGzip } from '../../../../lib-runtime/queries/http/negotiation';

test.each<[string | undefined, string | undefined]>([
  [undefined, 'json'],
  ['', 'json'],
  ['*/*', 'json'],
  ['application/*', 'json'],
  ['text/csv', 'csv'],
  ['Text/CSV; Charset=utf-8', 'csv'],
  ['application/x-ndjson', 'ndjson'],
  ['application/vnd.apache.parquet', 'parquet'],
  ['application/json;q=0.5, text/csv', 'csv'],
  ['application/json;q=0.5, text/csv;q=0.4', 'json'],
  ['text/csv, application/json', 'csv'],
  ['text/csv ; q = 0.9 , application/json ; q = 0.8', 'csv'],
  ['text/csv;q=0.9, application/json;q=.1', 'csv'],
  ['*/*, text/csv', 'csv'],
  ['text/*', 'csv'],
  ['application/json;q=0, */*;q=0.1', 'ndjson'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'json'],
  ['text/html', undefined],
  ['application/json;q=0', undefined],
  ['*/*;q=0', undefined],
  ['application/json;q=2', 'json'],
  [', ,', 'json'],
])('Accept: %s', (accept, format) => expect(negotiate(accept)).toBe(format));

test.each<[string | undefined, boolean]>([
  [undefined, false], ['gzip', true], ['br, GZIP;q=0.5', true], ['gzip;q=0', false], ['*', true], ['*, gzip;q=0', false], ['identity', false], ['x-gzip', false],
])('Accept-Encoding: %s', (header, takes) => expect(takesGzip(header)).toBe(takes));
