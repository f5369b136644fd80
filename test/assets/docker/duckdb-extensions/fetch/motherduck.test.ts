import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { temporaryDirectory } from '../../../../temporary-directory';
import { duckdbExtensions, expectSuccess, outcomeOf } from '../../command';
import { flipped } from '../../forgery';
import { Mirror, served, startMirror } from '../../mirror';
import { MotherDuckStandIn, motherduckStandIn } from '../../motherduck-stand-in';
import {
  describeWithOfficialExtensions, extensionFile, libduckdb, officialDirectory, officialExtension, TESTED, THIS_MACHINE,
} from '../../official-extensions';

const ID = '2026-11-20-abc123';
const IMPLEMENTATION = `motherduck_impl.${ID}`;

// How the two hosts are asked and what they answer is what the real wrapper asks and accepts.
describeWithOfficialExtensions('duckdb-extensions install motherduck', () => {
  let standIn: MotherDuckStandIn;
  beforeAll(() => { standIn = motherduckStandIn(); });
  const wrapper = () => officialDirectory(['motherduck']);
  const version = (text: string) => startMirror({ '/extension_version': text });
  const install = (target: string, versions: Mirror, files: Mirror, ...args: string[]) => duckdbExtensions(['install', '--version', TESTED.version,
    '--platform', 'linux_amd64', '--libduckdb', standIn.library, '--source', wrapper(), '--target', target,
    '--motherduck-version-url', `${versions.url}/extension_version`, '--motherduck-url', files.url, ...args, 'motherduck']);

  it('puts the implementation of MotherDuck\'s choice beside the wrapper, and its id into the manifest', async () => {
    const target = temporaryDirectory();
    const [versions, files] = [await version(`{"extensionVersion":"${ID}"}`), await startMirror(served({ [IMPLEMENTATION]: standIn.bytes }))];

    expectSuccess(await install(target, versions, files));

    expect(versions.headers[0]).toMatchObject({
      'x-md-duckdb-version': `v${TESTED.version}`, 'x-md-duckdb-platform': 'linux_amd64', 'x-md-duckdb-sourceid': (await sourceId()).slice(0, 8),
    });
    expect(files.asked).toEqual([`GET /v${TESTED.version}/linux_amd64/${IMPLEMENTATION}.duckdb_extension.gz`]);
    expect(readFileSync(extensionFile(target, IMPLEMENTATION)).equals(standIn.bytes)).toBe(true);
    expect(manifestOf(target)).toMatchObject({
      motherduckExtVersion: ID, extensions: [{ name: 'motherduck', repository: 'core' }, { name: IMPLEMENTATION, repository: 'motherduck' }],
    });
    expectSuccess(await duckdbExtensions(['verify', '--target', target, '--libduckdb', standIn.library]));
  });

  it('takes both from a directory that holds both, with no network', async () => {
    const [vendored, target] = [temporaryDirectory(), temporaryDirectory()];
    const [versions, files] = [await version(`{"extensionVersion":"${ID}"}`), await startMirror(served({ [IMPLEMENTATION]: standIn.bytes }))];
    expectSuccess(await install(vendored, versions, files));

    expectSuccess(await duckdbExtensions(['install', '--version', TESTED.version, '--platform', 'linux_amd64', '--libduckdb', standIn.library, '--source', vendored,
      '--target', target, '--motherduck-version-url', 'http://127.0.0.1:1', '--motherduck-url', 'http://127.0.0.1:1', 'motherduck']));

    expect(manifestOf(target).motherduckExtVersion).toBe(ID);
    expect(readFileSync(extensionFile(target, IMPLEMENTATION)).equals(standIn.bytes)).toBe(true);
  });

  it('takes no path for an id from a directory', async () => {
    const vendored = temporaryDirectory();
    writeFileSync(join(vendored, 'manifest.json'), JSON.stringify({ version: 1, motherduckExtVersion: '../../evil', extensions: [] }));

    expect(await duckdbExtensions(['install', '--version', TESTED.version, '--platform', 'linux_amd64', '--libduckdb', libduckdb(), '--source', vendored,
      '--target', temporaryDirectory(), 'motherduck'])).toMatchObject({
      code: 1, error: `duckdb-extensions: ${join(vendored, 'manifest.json')} is not a manifest of version 1: remove ${vendored} and install again`,
    });
  });

  it.each<[string, string | undefined, Record<string, Buffer>, string]>([
    ['no answer says which', undefined, {}, 'motherduck: http://127.0.0.1:PORT/extension_version answered 404 Not Found'],
    ['the answer is something else', '<html>hello</html>', {}, `/extension_version answered "<html>hello</html>" for DuckDB ${TESTED.version}: expected {"extensionVersion":"..."}`],
    ['the answer has no end', ' '.repeat(17 * 1024 ** 2), {}, '/extension_version answered with more than 16 MiB, the most that is read'],
    ['the answer is a path', '{"extensionVersion":"../../evil"}', {}, `for DuckDB ${TESTED.version}: expected {"extensionVersion":"..."}`],
    ['the answer leads out of its directory', '{"extensionVersion":".."}', {}, `for DuckDB ${TESTED.version}: expected {"extensionVersion":"..."}`],
    ['it is not there', `{"extensionVersion":"${ID}"}`, {}, `${IMPLEMENTATION}.duckdb_extension.gz answered 404 Not Found`],
  ])('fails where %s, unless it may be downloaded at run time', async (_, answer, extensions, reason) => {
    const [versions, files] = [await startMirror(answer === undefined ? {} : { '/extension_version': answer }), await startMirror(served(extensions))];
    const message = reason.replace('PORT', new URL(versions.url).port);

    const strict = await install(temporaryDirectory(), versions, files);
    expect(strict.code).toBe(1);
    expect(strict.error).toContain(message);
    expect(strict.error).toContain('; or let LOAD download it at run time, with --allow-download');

    const target = temporaryDirectory();
    const lenient = await install(target, versions, files, '--allow-download');
    expectSuccess(lenient);
    expect(lenient.stderr.split('\n').find((line) => line.startsWith('warning: '))).toContain(message);
    expect(lenient.stderr).toContain('; LOAD motherduck will download it at run time');
    expect(manifestOf(target)).toMatchObject({ extensions: [{ name: 'motherduck', downloadsAtLoad: true }] });
    expect(manifestOf(target).motherduckExtVersion).toBeUndefined();
  });

  it('fails where its signature is wrong, even if it may be downloaded', async () => {
    const target = temporaryDirectory();
    const versions = await version(`{"extensionVersion":"${ID}"}`);
    const files = await startMirror(served({ [IMPLEMENTATION]: flipped(standIn.bytes, 1000) }));

    const { code, error } = await install(target, versions, files, '--allow-download');

    expect(code).toBe(1);
    expect(error).toContain(`${IMPLEMENTATION}: ${files.url}/v${TESTED.version}/linux_amd64/${IMPLEMENTATION}.duckdb_extension.gz has a signature that none`);
    expect(readdirSync(target, { recursive: true }).filter((name) => String(name).includes('motherduck'))).toEqual([]);
  });

  it('leaves LOAD with nothing to ask: the real wrapper opens the file of that id', async () => {
    const target = temporaryDirectory();
    mkdirSync(dirname(extensionFile(target, 'motherduck', THIS_MACHINE)), { recursive: true });
    writeFileSync(extensionFile(target, 'motherduck', THIS_MACHINE), officialExtension('motherduck', THIS_MACHINE));
    writeFileSync(extensionFile(target, IMPLEMENTATION, THIS_MACHINE), officialExtension('inet', THIS_MACHINE));

    const loaded = await outcomeOf(process.execPath, ['--eval', `
      const { DuckDBInstance } = require('@duckdb/node-api');
      DuckDBInstance.create(':memory:', { extension_directory: process.argv[1] })
        .then((instance) => instance.connect()).then((connection) => connection.run('LOAD motherduck'))
        .catch((error) => console.error(error.message));
    `, target], { env: { motherduck_ext_version: ID, http_proxy: 'http://127.0.0.1:1' } });

    // Another signed extension, so DuckDB opens it; it is not MotherDuck's, so that is how far it gets.
    expect(loaded.stderr).toContain(`'${extensionFile(target, IMPLEMENTATION, THIS_MACHINE)}' did not contain the expected entrypoint function 'motherduck_impl_duckdb_cpp_init'`);
  });
});

async function sourceId(): Promise<string> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const reader = await connection.runAndReadAll('PRAGMA version');
  expect(reader.getRowObjects()[0].library_version).toBe(`v${TESTED.version}`);
  return String(reader.getRowObjects()[0].source_id);
}

function manifestOf(target: string) {
  return JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8'));
}

