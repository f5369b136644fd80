import { DuckDbExtension } from '../src';

test('an extension knows its name and its repository', () => {
  expect(DuckDbExtension.core('httpfs')).toMatchObject({ name: 'httpfs', repository: 'core' });
  expect(DuckDbExtension.community('h3')).toMatchObject({ name: 'h3', repository: 'community' });
});

test('a misspelt option is refused', () => {
  expect(() => DuckDbExtension.core('iceberg', { loadByStep: true } as any)).toThrow('the DuckDB extension "iceberg" has the prop "loadByStep"');
  expect(() => DuckDbExtension.community('h3', { loadedByStep: 'yes' } as any)).toThrow('loadedByStep');
});

test.each(['HTTPFS', '', 'http fs', '../httpfs', 'httpfs; rm', '3h'])('"%s" is not a name', (name) => {
  expect(() => DuckDbExtension.core(name)).toThrow(`"${name}" is not a name of a DuckDB extension: expected lower-case letters`);
});
