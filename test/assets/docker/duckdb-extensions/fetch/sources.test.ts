import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { IncomingMessage, ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { client } from '../../../../../assets/docker/versions.json';
import { temporaryDirectory } from '../../../../temporary-directory';
import { duckdbExtensions, expectSuccess } from '../../command';
import { install } from '../../install';
import { startMirror } from '../../mirror';
import { describeWithOfficialExtensions, extensionFile, libduckdb, officialDirectory, officialExtension, OTHER_PLATFORM, TESTED } from '../../official-extensions';
import { zipOf } from '../../zip-archive';

const NAME = 'odbc_scanner';
const PAGE = '/simple/duckdb-extension-odbc-scanner/';
const WHEEL = `duckdb_extension_odbc_scanner-${TESTED.version}-py3-none-manylinux2014_x86_64.whl`;
const INSIDE = `duckdb_extension_odbc_scanner/extensions/v${TESTED.version}/odbc_scanner.duckdb_extension`;

describeWithOfficialExtensions('a source', () => {
  describe('that is a directory', () => {
    it.each<[string, (file: string) => void]>([
      ['as it is', (file) => copyFileSync(extensionFile(officialDirectory([NAME]), NAME), file)],
      ['gzipped', (file) => writeFileSync(`${file}.gz`, gzipSync(officialExtension(NAME)))],
    ])('gives its files, %s', async (_, put) => {
      const [source, target] = [temporaryDirectory(), temporaryDirectory()];
      mkdirSync(dirname(extensionFile(source, NAME)), { recursive: true });
      put(extensionFile(source, NAME));

      expectSuccess(await install(source, target, [NAME]));

      expect(readFileSync(extensionFile(target, NAME)).equals(officialExtension(NAME))).toBe(true);
    });

    it('says which file it lacks', async () => {
      const source = temporaryDirectory();

      const { code, error } = await install(source, temporaryDirectory(), [NAME]);

      expect(code).toBe(1);
      expect(error).toBe(`duckdb-extensions: ${NAME}: ${extensionFile(source, NAME)} does not exist, with or without .gz; `
        + 'fill the directory with duckdb-extensions install');
    });

    it('must exist', async () => {
      expect((await install('./nowhere', temporaryDirectory(), [NAME])).error).toBe('duckdb-extensions: "./nowhere" is not a source: '
        + 'expected core, pypi, pypi+https://HOST/simple, the URL of a mirror, or a directory that exists');
    });
  });

  describe('that is a Python index', () => {
    const wheel = () => zipOf({ 'duckdb_extension_odbc_scanner/__init__.py': Buffer.alloc(0), [INSIDE]: officialExtension(NAME) });
    const json = (files: object[]) => (_: IncomingMessage, response: ServerResponse) =>
      response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' }).end(JSON.stringify({ files }));

    it('is read in its JSON form, with the wheel for this version and platform', async () => {
      const target = temporaryDirectory();
      const mirror = await startMirror({
        [PAGE]: json([
          { filename: WHEEL.replace(TESTED.version, '1.4.4'), url: '/wrong-version' },
          { filename: WHEEL.replace('x86_64', 'aarch64'), url: '/wrong-platform' },
          { filename: WHEEL, url: `../../files/${WHEEL}?token=abc` },
        ]),
        [`/files/${WHEEL}?token=abc`]: wheel(),
      });

      expectSuccess(await install(`pypi+${mirror.url}/simple/`, target, [NAME]));

      expect(mirror.headers[0].accept).toMatch(/^application\/vnd\.pypi\.simple\.v1\+json, /);
      expect(manifestOf(target).extensions).toEqual([expect.objectContaining({ name: NAME, source: `${mirror.url}/files/${WHEEL}` })]);
    });

    it('is read in its HTML form, as companies\' mirrors have it', async () => {
      const mirror = await startMirror({
        [PAGE]: `<!DOCTYPE html><html><body>
          <a href="/wrong" data-requires-python="&gt;=3.8">${WHEEL.replace('x86_64', 'aarch64')}</a><br/>
          <a data-dist-info-metadata="true" href="/files/${WHEEL}?a=1&amp;b=2#sha256=00">
            ${WHEEL}
          </a></body></html>`,
        [`/files/${WHEEL}?a=1&b=2`]: wheel(),
      });

      expectSuccess(await install(`pypi+${mirror.url}/simple`, temporaryDirectory(), [NAME]));
    });

    it.each<[string, Parameters<typeof startMirror>[0], string]>([
      ['has not heard of it', {}, 'answered 404 Not Found; the index has no wheel of this extension'],
      ['has other versions only', { [PAGE]: json([{ filename: WHEEL.replace(TESTED.version, '1.4.4'), url: '/x' }]) }, `has no wheel of ${TESTED.version}, only of 1.4.4`],
      ['has other platforms only', { [PAGE]: json([{ filename: WHEEL.replace('x86_64', 'aarch64'), url: '/x' }]) }, `has no wheel of ${TESTED.version} for linux_amd64`],
      ['is not there', { [PAGE]: json([{ filename: WHEEL, url: '/x' }]) }, '/x answered 404 Not Found; the index lists a wheel that does not exist'],
      ['is cut short', { [PAGE]: json([{ filename: WHEEL, url: '/x' }]), '/x': zipOf({ [INSIDE]: Buffer.alloc(5000) }).subarray(0, 60) }, '/x is not a zip archive, or is truncated'],
      ['is damaged', { [PAGE]: json([{ filename: WHEEL, url: '/x' }]), '/x': damaged(zipOf({ [INSIDE]: Buffer.alloc(5000) })) }, '/x is a damaged zip archive'],
      ['holds something else', { [PAGE]: json([{ filename: WHEEL, url: '/x' }]), '/x': zipOf({ 'readme.txt': Buffer.from('hello') }) }, '/x is a wheel that does not contain an extension'],
    ])('says so where the wheel %s', async (_, answers, reason) => {
      const mirror = await startMirror(answers);

      const { code, error } = await install(`pypi+${mirror.url}/simple`, temporaryDirectory(), [NAME]);

      expect(code).toBe(1);
      expect(error).toContain(reason);
      expect(error).toContain(`duckdb-extensions: ${NAME}: ${mirror.url}/`);
    });

    it('an error names the tested client if the index or a mirror lacks an extension for another version of DuckDB', async () => {
      const mirror = await startMirror({ [PAGE]: json([{ filename: WHEEL, url: '/x' }]) });
      const hint = `; cdk-duckdb-lambda is tested with @duckdb/node-api ${client} (DuckDB ${TESTED.version})`;
      const missing = async (source: string, version: string) => (await install(source, temporaryDirectory(), ['--version', version, NAME])).error;

      expect(await missing(`pypi+${mirror.url}/simple`, '9.9.9')).toContain(`has no wheel of 9.9.9, only of ${TESTED.version}${hint}`);
      expect(await missing(mirror.url, '9.9.9')).toContain(`and that the mirror has this version and platform${hint}`);
      expect(await missing(mirror.url, TESTED.version)).toMatch(/and that the mirror has this version and platform$/);
    });
  });

  it('for community extensions is a mirror of its own, or that of all', async () => {
    const [core, community] = [await startMirror({}), await startMirror({})];

    const asked = `/v${TESTED.version}/linux_amd64/h3.duckdb_extension.gz`;
    await install(core.url, temporaryDirectory(), ['community:h3']);
    expect(core.asked).toEqual([`GET ${asked}`]);

    await install('core', temporaryDirectory(), ['community:h3', '--community-source', community.url]);
    expect(community.asked).toEqual([`GET ${asked}`]);
  });

  it('of DuckDB itself is asked at its own hosts, core and community apart', async () => {
    const closed = { HTTPS_PROXY: 'http://127.0.0.1:1' };
    const args = ['--timeout', '1'];

    expect((await install('core', temporaryDirectory(), [...args, 'httpfs'], { env: closed })).error)
      .toContain(`httpfs: https://extensions.duckdb.org/v${TESTED.version}/linux_amd64/httpfs.duckdb_extension.gz could not be reached`);
    expect((await install('pypi', temporaryDirectory(), [...args, 'community:h3'], { env: closed })).error)
      .toContain(`h3: https://community-extensions.duckdb.org/v${TESTED.version}/linux_amd64/h3.duckdb_extension.gz could not be reached`);
  });

  it('of one platform is installed on another: the signature of an arm64 file is verified on any machine', async () => {
    const target = temporaryDirectory();

    expectSuccess(await duckdbExtensions(['install', '--version', TESTED.version, '--platform', OTHER_PLATFORM.platform, '--target', target,
      '--source', officialDirectory(['inet'], OTHER_PLATFORM), '--libduckdb', libduckdb(OTHER_PLATFORM.platform), 'inet']));

    expect(manifestOf(target)).toMatchObject({ platform: 'linux_arm64', extensions: [{ name: 'inet', repository: 'core' }] });
  });
});

function manifestOf(target: string) {
  return JSON.parse(readFileSync(`${target}/manifest.json`, 'utf8'));
}

function damaged(zip: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(40), zip.subarray(40)]).fill(0xff, 20, zip.length - 200);
}
