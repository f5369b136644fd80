import * as api from '@duckdb/node-api';
import { version as installed } from '@duckdb/node-api/package.json';
import * as versions from '../../assets/docker/versions.json';
import { devDependencies } from '../../package.json';
import { extensionNames, settingNames } from '../../scripts/duckdb-names';
import { describeWithOfficialExtensions, officialDirectory, THIS_MACHINE } from '../assets/docker/official-extensions';

test('the table\'s client is the one that the tests run with, and the one that the project installs', () => {
  expect(versions.client).toBe(installed);
  expect(devDependencies['@duckdb/node-api']).toBe(versions.client);
});

test('the table\'s version of DuckDB and its extensions are DuckDB\'s own', async () => {
  expect(await extensionNames(api)).toEqual({ duckdb: versions.duckdb, extensions: versions.extensions });
});

describeWithOfficialExtensions('the table\'s settings', () => {
  // Of the core extensions, only those that other tests use too, because all of them are a gigabyte.
  const EXTENSIONS = ['avro', 'httpfs', 'iceberg', 'ducklake', 'aws', 'postgres_scanner'];

  it('include those of DuckDB and of extensions', async () => {
    const { settings, notLoaded } = await settingNames(api, officialDirectory(EXTENSIONS, THIS_MACHINE), EXTENSIONS);

    expect(notLoaded).toEqual([]);
    expect(settings).toEqual(expect.arrayContaining(['threads', 'worker_threads', 'timezone', 's3_region', 'pg_use_text_protocol']));
    expect(versions.settings).toEqual(expect.arrayContaining(settings));
  });

  it('include no others, except newer ones that begin with the name of an extension', async () => {
    const connection = await (await api.DuckDBInstance.create(':memory:', { autoload_known_extensions: 'false' })).connect();
    const unknown = await Promise.all(versions.settings.map((name) => connection.run(`SELECT current_setting('${name}')`).then(
      () => undefined, ({ message }) => (message.includes('it exists in the') ? undefined : name),
    )));

    expect(unknown.filter((name) => name && !versions.extensions.core.includes(name.split('_')[0]))).toEqual([]);
  });

  it('are sorted, each once', () => {
    expect(versions.settings).toEqual([...new Set(versions.settings)].sort());
  });

  it('lack those of an extension that does not load, which is reported', async () => {
    const { settings, notLoaded } = await settingNames(api, officialDirectory(['inet'], THIS_MACHINE), ['inet', 'lance']);

    expect(settings).toContain('threads');
    expect(notLoaded).toEqual([expect.stringMatching(/^lance: .*lance\.duckdb_extension/)]);
  });
});
