import { parseIndented } from '../../../src/node-modules/project-lock/indented-text';

/** As it is, without prototypes. */
const parsed = (...lines: string[]) => JSON.parse(JSON.stringify(parseIndented(lines.join('\n'))));

test('maps nest by indentation, and values may be quoted', () => {
  expect(parsed('# comment', 'packages:', '', '  \'@a/b@1.0.0\':', '    resolution: {integrity: sha512-x==}', '    os: [linux]', 'settings:', '  "quoted": "1"')).toEqual({
    packages: { '@a/b@1.0.0': { resolution: '{integrity: sha512-x==}', os: '[linux]' } }, settings: { quoted: '1' },
  });
});

test('yarn 1 separates by a space', () => {
  expect(parsed('"@a/b@^1", c@~2:', '  version "1.2.3"', '  dependencies:', '    "@d/e" ">=1 <2"')).toEqual({
    '"@a/b@^1", c@~2': { version: '1.2.3', dependencies: { '@d/e': '>=1 <2' } },
  });
});

test('a long key has its colon on the next line', () => {
  expect(parsed('? "a@npm:1, a@npm:2"', ':', '  version: 1.0.0')).toEqual({ 'a@npm:1, a@npm:2': { version: '1.0.0' } });
});

test('a long text does not pass for entries', () => {
  expect(parsed('a:', '  deprecated: |-', '    use b instead.', '    dependencies: none', '  version: 1.0.0')).toEqual({
    a: { deprecated: '|-', version: '1.0.0' },
  });
});

test('a URL is a key too, and line ends may be those of Windows', () => {
  expect(parsed('packages:\r', '  a@https://example.com/a.tgz:\r', '    version: 1.0.0\r')).toEqual({ packages: { 'a@https://example.com/a.tgz': { version: '1.0.0' } } });
});
