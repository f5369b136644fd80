import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { repositoryRoot } from '../../../../bed/paths';
import { temporaryDirectory } from '../../../../temporary-directory';
import { COMMAND, duckdbExtensions, expectSuccess, outcomeOf } from '../../command';
import { A_CORE_KEY, emptyExtension, libraryWithOwnKey, signedWith } from '../../forgery';
import { install } from '../../install';
import { pathOf, served, startMirror } from '../../mirror';
import { describeWithOfficialExtensions, libduckdb, officialDirectory, officialExtension, OTHER_VERSION, TESTED, THIS_MACHINE } from '../../official-extensions';

describeWithOfficialExtensions('duckdb-extensions install', () => {
  const source = () => officialDirectory(['odbc_scanner', 'inet']);

  it('writes DuckDB\'s layout and a manifest of what it holds', async () => {
    const target = temporaryDirectory();
    const mirror = await startMirror(served({ odbc_scanner: officialExtension('odbc_scanner') }));

    expectSuccess(await install(mirror.url, target, ['odbc_scanner']));

    expect(readdirSync(target, { recursive: true }).sort()).toEqual([
      'manifest.json', `v${TESTED.version}`, `v${TESTED.version}/linux_amd64`, `v${TESTED.version}/linux_amd64/odbc_scanner.duckdb_extension`,
    ]);
    expect(JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8'))).toEqual({
      version: 1,
      duckdbVersion: TESTED.version,
      platform: 'linux_amd64',
      extensions: [{
        name: 'odbc_scanner',
        repository: 'core',
        source: `${mirror.url}${pathOf('odbc_scanner')}`,
        extensionVersion: '274a330734',
        size: 671_782,
        sha256: 'cc697bee3a1581a4e7ebbc3ab7c3b2f2d645e354a64d760fdbd0fdf338a12271',
      }],
    });
  });

  it('adds to what a directory holds already, in the order of names', async () => {
    const target = temporaryDirectory();

    for (const name of ['odbc', 'inet', 'odbc_scanner']) expectSuccess(await install(source(), target, [name]));

    expect(installed(target)).toEqual(['inet', 'odbc_scanner']);
  });

  it('gives the same tree whatever the umask and the time: names, modes, times, bytes', async () => {
    const trees = [];
    for (const umask of ['022', '077']) {
      const target = join(temporaryDirectory(), 'opt/duckdb_extensions');
      expectSuccess(await outcomeOf('sh', ['-c', 'umask "$0" && exec "$@"', umask, process.execPath, COMMAND, 'install',
        '--version', TESTED.version, '--platform', 'linux_amd64', '--libduckdb', libduckdb(), '--source', source(), '--target', target, 'inet', 'odbc']));
      trees.push([target, ...readdirSync(target, { recursive: true, encoding: 'utf8' }).sort().map((name) => join(target, name))].map((path) => {
        const { mode, mtimeMs } = statSync(path);
        return [path.slice(target.length), (mode % 0o1000).toString(8), mtimeMs];
      }));
    }
    expect(trees[0]).toEqual([
      ['', '755', 0],
      ['/manifest.json', '644', 0],
      [`/v${TESTED.version}`, '755', 0],
      [`/v${TESTED.version}/linux_amd64`, '755', 0],
      [`/v${TESTED.version}/linux_amd64/inet.duckdb_extension`, '644', 0],
      [`/v${TESTED.version}/linux_amd64/odbc_scanner.duckdb_extension`, '644', 0],
    ]);
    expect(trees[1]).toEqual(trees[0]);
  });

  it('refuses a directory of another version or platform', async () => {
    const target = temporaryDirectory();
    expectSuccess(await install(source(), target, ['odbc']));
    const before = readFileSync(join(target, 'manifest.json'));

    const { code, error } = await duckdbExtensions(['install', '--version', '1.5.4', '--platform', 'linux_amd64', '--libduckdb', libduckdb(),
      '--source', officialDirectory(['inet'], OTHER_VERSION), '--target', target, 'inet']);

    expect(code).toBe(1);
    expect(error).toBe(`duckdb-extensions: ${target} holds extensions of DuckDB ${TESTED.version} for linux_amd64, not 1.5.4 for linux_amd64: choose another --target`);
    expect(readFileSync(join(target, 'manifest.json'))).toEqual(before);
  });

  it('takes the public keys from the client that is installed here, and the version and platform with them', async () => {
    const target = temporaryDirectory();

    expectSuccess(await duckdbExtensions(['install', '--source', officialDirectory(['inet'], THIS_MACHINE), '--target', target, 'inet']));

    expect(JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8'))).toMatchObject({ duckdbVersion: TESTED.version, platform: THIS_MACHINE.platform });
  });

  it('refuses to go on with a library that has no public keys', async () => {
    const { code, error } = await duckdbExtensions(['install', '--version', TESTED.version, '--platform', 'linux_amd64', '--libduckdb', process.execPath,
      '--source', source(), '--target', temporaryDirectory(), 'odbc']);

    expect(code).toBe(1);
    expect(error).toContain('--libduckdb FILE');
  });

  describe('with a client', () => {
    const native = (name: string, target: string) => duckdbExtensions(['install', '--version', THIS_MACHINE.version, '--platform', THIS_MACHINE.platform,
      '--source', officialDirectory([name], THIS_MACHINE), '--target', target, '--client', repositoryRoot, name]);

    it('LOADs what it installed', async () => {
      const outcome = await native('inet', temporaryDirectory());

      expectSuccess(outcome);
      expect(outcome.stderr).toContain('LOAD works offline: inet');
    });

    it('says that it did not LOAD what is for another platform', async () => {
      const other = THIS_MACHINE.platform === 'linux_arm64' ? 'linux_amd64' : 'linux_arm64';

      const outcome = await duckdbExtensions(['install', '--version', TESTED.version, '--platform', other, '--libduckdb', libduckdb(other),
        '--source', officialDirectory(['inet'], { ...TESTED, platform: other }), '--target', temporaryDirectory(), '--client', repositoryRoot, 'inet']);

      expectSuccess(outcome);
      expect(outcome.stderr).toContain(`LOAD was not tried: this machine is ${THIS_MACHINE.platform}, the extensions are for ${other}`);
    });

    it('fails where LOAD does: a file with a signature that is good for another libduckdb only', async () => {
      const library = join(temporaryDirectory(), 'libduckdb.so');
      const key = libraryWithOwnKey(libduckdb(), A_CORE_KEY, library);
      const extension = signedWith(key, emptyExtension('tpch', officialExtension('inet', THIS_MACHINE)));
      const mirror = await startMirror({ [pathOf('tpch', THIS_MACHINE)]: gzipSync(extension) });

      const { code, error } = await duckdbExtensions(['install', '--version', THIS_MACHINE.version, '--platform', THIS_MACHINE.platform,
        '--libduckdb', library, '--source', mirror.url, '--target', temporaryDirectory(), '--client', repositoryRoot, 'tpch']);

      expect(code).toBe(1);
      expect(error).toMatch(/^duckdb-extensions: tpch: LOAD failed: .*signature is either missing or invalid/);
    });
  });
});

function installed(target: string): string[] {
  return JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8')).extensions.map(({ name }: { name: string }) => name);
}
