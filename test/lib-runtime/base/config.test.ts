import { readConfig } from '../../../lib-runtime/base/config';

const read = (value: unknown) => readConfig({ DUCKDB_LAMBDA_CONFIG: typeof value === 'string' ? value : JSON.stringify(value) });

test('no variable: nothing is declared, and S3 is there by the environment', () => {
  const undeclared = {
    extensions: [], settings: {}, verifyExtensions: false, undeclared: true, steps: [{ name: 's3', type: 's3-of-environment', provides: [], config: {} }],
  };
  expect(readConfig({})).toEqual(undeclared);
  expect(read('')).toEqual(undeclared);
});

test('what the construct writes', () => {
  expect(read({
    version: 1,
    extensions: ['httpfs'],
    steps: [{ name: 's3', type: 's3', config: { scopes: ['s3://b/'] } }, { name: 'pg', type: 'postgres', provides: ['pg_replica'] }],
    settings: { threads: 2, Memory_Limit: '700MiB', preserve_insertion_order: false },
    verifyExtensions: true,
    databases: { archive: { file: '/tmp/archive.duckdb', steps: ['s3'] }, scratch: {} },
    metrics: true,
    timeoutSeconds: 30,
    results: { location: 's3://b/results/' },
  })).toEqual({
    extensions: ['httpfs'],
    steps: [
      { name: 's3', type: 's3', provides: [], config: { scopes: ['s3://b/'] } },
      { name: 'pg', type: 'postgres', provides: ['pg_replica'], config: {} },
    ],
    settings: { threads: '2', memory_limit: '700MiB', preserve_insertion_order: 'false' },
    verifyExtensions: true,
    databases: { archive: { file: '/tmp/archive.duckdb', steps: ['s3'] }, scratch: {} },
    metrics: true,
    timeoutSeconds: 30,
    results: { location: 's3://b/results/' },
  });
});

test.each([
  ['{', /DUCKDB_LAMBDA_CONFIG is not JSON/],
  ['[]', /DUCKDB_LAMBDA_CONFIG is \[\], expected an object/],
  [{ version: 2 }, /has version 2, expected 1: deploy the stack and the handler with the same version/],
  [{ version: 1, extensions: 'httpfs' }, /extensions is "httpfs", expected a list/],
  [{ version: 1, extensions: ["httpfs'; DROP"] }, /names the extension "httpfs'; DROP", expected lower-case letters, digits and _/],
  [{ version: 1, extensions: ['HTTPFS'] }, /names the extension "HTTPFS"/],
  [{ version: 1, steps: {} }, /steps is \{\}, expected a list/],
  [{ version: 1, steps: ['s3'] }, /steps\[0\] is "s3", expected an object/],
  [{ version: 1, steps: [{ type: 's3' }] }, /steps\[0\]\.name is undefined, expected a name/],
  [{ version: 1, steps: [{ name: 's3' }] }, /steps\[0\]\.type is undefined, expected a step type/],
  [{ version: 1, steps: [{ name: 's3', type: 's3' }, { name: 's3', type: 's3' }] }, /declares the bootstrap step "s3" twice/],
  [{ version: 1, steps: [{ name: 'sql', type: 'sql', provides: [''] }] }, /has "" among what the bootstrap step "sql" provides, expected names of catalogs/],
  [{ version: 1, steps: [{ name: 'sql', type: 'sql', provides: [null] }] }, /has null among what the bootstrap step "sql" provides/],
  [{ version: 1, timeoutSeconds: 0 }, /timeoutSeconds is 0, expected a number above 0/],
  [{ version: 1, timeoutSeconds: '30' }, /timeoutSeconds is "30", expected a number above 0/],
  [{ version: 1, results: 's3://b/results/' }, /results is "s3:\/\/b\/results\/", expected an object/],
  [{ version: 1, results: {} }, /results\.location is undefined, expected a folder such as "s3:\/\/bucket\/results\/"/],
  [{ version: 1, results: { location: 's3://b/' } }, /results\.location is "s3:\/\/b\/", expected a folder/],
  [{ version: 1, results: { location: 's3://b/results' } }, /results\.location is "s3:\/\/b\/results", expected a folder/],
  [{ version: 1, databases: [] }, /databases is \[\], expected an object/],
  [{ version: 1, databases: { archive: { file: 1 } } }, /databases\.archive\.file is 1, expected a path/],
  [{ version: 1, databases: { archive: { steps: ['s3'] } } }, /databases\.archive\.steps names "s3", which is not a declared bootstrap step/],
  [{ version: 1, settings: [] }, /settings is \[\], expected an object/],
  [{ version: 1, settings: { 'threads = 1; --': 1 } }, /"threads = 1; --" is not the name of a DuckDB setting/],
  [{ version: 1, settings: { threads: null } }, /the setting "threads" is null, expected a string, a number or a boolean/],
  [{ version: 1, settings: { Allow_Unsigned_Extensions: true } }, /"allow_unsigned_extensions" cannot be changed/],
])('%j is refused', (value, message) => {
  expect(() => read(value)).toThrow(expect.objectContaining({ code: 'CONFIG', message: expect.stringMatching(message) }));
});
