import { attemptPrefix, defaultManifestKey, manifestKey } from '../../../lib-runtime/queries/manifest';

test.each(['a.json', 'manifest.json', 'a/manifest.json', 'day=2025-01-01/sales:1@x.json', '...a/..b.json', `${'a'.repeat(507)}.json`, 'a/.hidden.json'])('"%s" is the key of a manifest', (key) => {
  expect(manifestKey(key)).toBe(key);
});

test.each([
  '', 'a', 'a.csv', '.json', '..json', '...json', 'a/..json', 'a/...json', '../.json', 'a/.json', '/a.json', 'a//b.json', '../a.json', 'a/../b.json', './a.json', 'a/./b.json', 'a/b.json/', 'a b.json', 'a*.json', 'a?.json', 'a[1].json',
  'a%2e.json', 'a\\b.json', 'é.json', 'a\n.json', 'a.json\n', `${'a'.repeat(508)}.json`, 's3://other/a.json', 7, null, ['a.json'], {},
])('%p is not', (key) => {
  expect(() => manifestKey(key)).toThrow(/^output\.key is .*, expected the key of a manifest below the location of the results/s);
});

test('the data of an attempt lies in a folder of the attempt', () => {
  expect(attemptPrefix(defaultManifestKey('reports/daily', 'id-1'), 'x')).toBe('reports/daily/id-1/x/');
  expect(attemptPrefix('manifest.json', 'x')).toBe('x/');
  expect(attemptPrefix('a/b.json', 'x')).toBe('a/b/x/');
  expect(attemptPrefix('a/my-manifest.json', 'x')).toBe('a/my-manifest/x/');
});
