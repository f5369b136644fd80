import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as versions from '../../assets/docker/versions.json';
import { changes, MENTIONS, renamed } from '../../scripts/version-changes';
import type { TestedVersions } from '../../src/tested-versions';
import { repositoryRoot } from '../bed/paths';

const OLD: TestedVersions = {
  client: '1.5.4-r.1', duckdb: '1.5.4', extensions: { core: ['httpfs', 'odbc'], builtIn: ['json'], aliases: { s3: 'httpfs' } }, settings: ['threads', 'vortex_filesystem'],
};
const NEW: TestedVersions = {
  client: '1.5.5-r.5', duckdb: '1.5.5', extensions: { core: ['httpfs', 'quack'], builtIn: ['json'], aliases: { s3: 'httpfs' } }, settings: ['pg_staleness_query', 'threads'],
};

test('differences are reported, one line for each kind', () => {
  expect(changes(OLD, NEW)).toEqual([
    '@duckdb/node-api: 1.5.4-r.1 -> 1.5.5-r.5',
    'DuckDB: 1.5.4 -> 1.5.5',
    'core extensions: + quack, - odbc',
    'settings: + pg_staleness_query, - vortex_filesystem',
  ]);
  expect(changes(NEW, { ...NEW, extensions: { ...NEW.extensions, aliases: { s3: 'other' } } })).toEqual(['aliases: + s3 (other), - s3 (httpfs)']);
  expect(changes(NEW, NEW)).toEqual([]);
});

test.each([
  ['DuckDB 1.5.4, by `@duckdb/node-api` 1.5.4-r.1.', 'DuckDB 1.5.5, by `@duckdb/node-api` 1.5.5-r.5.'],
  ['`v1.5.4/linux_arm64`', '`v1.5.5/linux_arm64`'],
  ['11.5.4, 1.5.40, 1.5.4.1, 1.5.4-r.10, 1.5.3 and 2.1.5.4', '11.5.4, 1.5.40, 1.5.4.1, 1.5.4-r.10, 1.5.3 and 2.1.5.4'],
])('"%s" becomes "%s"', (text, expected) => {
  expect(renamed(text, OLD, NEW)).toBe(expected);
});

test.each(MENTIONS)('%s names the versions of the table, and no others', (file) => {
  const text = readFileSync(join(repositoryRoot, file), 'utf8');
  const named = [...text.matchAll(/(?<=DuckDB |DuckDB \| |--version |\bv|node-api@|node-api` )\d+\.\d+\.\d+(?:-r\.\d+)?/g)].map(([version]) => version);

  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((version) => version !== versions.duckdb && version !== versions.client)).toEqual([]);
});
