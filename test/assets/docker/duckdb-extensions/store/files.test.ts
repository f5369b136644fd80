import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { linux } from '../../../../bed/availability';
import { describeIf } from '../../../../bed/require';
import { temporaryDirectory } from '../../../../temporary-directory';
import { COMMAND, duckdbExtensions, expectSuccess, outcomeOf } from '../../command';
import { install } from '../../install';
import { pathOf, startMirror } from '../../mirror';
import { describeWithOfficialExtensions, extensionFile, libduckdb, officialDirectory, officialExtension, TESTED } from '../../official-extensions';

describeWithOfficialExtensions('a directory of extensions', () => {
  const source = () => officialDirectory(['odbc_scanner', 'inet']);

  it('takes two installs at once: both are in the manifest, every file is whole', async () => {
    const target = temporaryDirectory();

    const outcomes = await Promise.all(['inet', 'odbc', 'inet', 'odbc'].map((name) => install(source(), target, [name])));

    outcomes.forEach(expectSuccess);
    expect(everything(target)).toEqual(['inet.duckdb_extension', 'manifest.json', 'odbc_scanner.duckdb_extension']);
    expect(installed(target)).toEqual(['inet', 'odbc_scanner']);
    expectSuccess(await duckdbExtensions(['verify', '--target', target, '--libduckdb', libduckdb()]));
  });

  it('keeps nothing of an install that is killed half-way, and is complete when it is run again', async () => {
    const target = temporaryDirectory();
    let halfWay = () => {};
    const killAfter = new Promise<void>((resolve) => { halfWay = resolve; });
    const body = gzipSync(officialExtension('odbc_scanner'));
    const mirror = await startMirror({
      [pathOf('odbc_scanner')]: (_, response) => response.writeHead(200, { 'content-length': body.length }).write(body.subarray(0, 100_000), halfWay),
    });

    expect(await install(mirror.url, target, ['odbc'], { killAfter })).toMatchObject({ code: null });
    expect(everything(target)).toEqual([]);

    expectSuccess(await install(source(), target, ['odbc']));
    expect(everything(target)).toEqual(['manifest.json', 'odbc_scanner.duckdb_extension']);
  });

  it('loses what a killed process had half written, and keeps what a living one is writing', async () => {
    const target = temporaryDirectory();
    const file = (pid: number) => join(target, `v${TESTED.version}/linux_amd64`, `.inet.duckdb_extension.${pid}.0123abcd.tmp`);
    const dead = spawnSync(process.execPath, ['--version']).pid;
    expectSuccess(await install(source(), target, ['odbc']));
    for (const pid of [dead, process.pid]) writeFileSync(file(pid), 'half');

    expectSuccess(await install(source(), target, ['odbc']));

    expect(existsSync(file(dead))).toBe(false);
    expect(existsSync(file(process.pid))).toBe(true);
  });

  it('takes over the lock of a process that was killed', async () => {
    const target = temporaryDirectory();
    const lock = join(target, '.manifest.lock');
    writeFileSync(lock, '');
    utimesSync(lock, new Date(), new Date(Date.now() - 60_000));

    expectSuccess(await install(source(), target, ['odbc']));
    expect(everything(target)).toEqual(['manifest.json', 'odbc_scanner.duckdb_extension']);
  });

  it('with an invalid manifest is refused', async () => {
    const target = temporaryDirectory();
    writeFileSync(join(target, 'manifest.json'), '{"version": 2}');

    expect((await install(source(), target, ['odbc'])).error)
      .toBe(`duckdb-extensions: ${target}/manifest.json is not a manifest of version 1: remove ${target} and install again`);
  });

  it('that cannot be made says so', async () => {
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, '');

    expect((await install(source(), join(file, 'below'), ['odbc'])).error)
      .toMatch(/^duckdb-extensions: cannot write .*: a file is where a directory should be; choose another --target$/);
  });

  // Linux has the means to make a small disk.
  describeIf(linux, 'on a full disk', () => {
    it('keeps what was whole, and says which file found no space', async () => {
      const target = join(temporaryDirectory(), 'full');
      mkdirSync(target);
      // A file system of 2 MiB in a mount namespace of its own: odbc_scanner fits, inet does not.
      const script = 'mount -t tmpfs -o size=2m tmpfs "$0" && { "$@" odbc && "$@" inet; code=$?; find "$0" -type f; exit $code; }';

      const { code, error, stdout } = await outcomeOf('unshare', ['--map-root-user', '--mount', 'sh', '-c', script, target, process.execPath, COMMAND,
        'install', '--version', TESTED.version, '--platform', 'linux_amd64', '--libduckdb', libduckdb(), '--source', source(), '--target', target]);

      expect(error).toBe(`duckdb-extensions: inet: cannot write ${extensionFile(target, 'inet')}: no space is left on the device; free some space and run the command again`);
      expect(code).toBe(1);
      expect(stdout.trim().split('\n').sort()).toEqual([join(target, 'manifest.json'), extensionFile(target, 'odbc_scanner')]);
    });
  });
});

function everything(target: string): string[] {
  return readdirSync(target, { recursive: true, withFileTypes: true }).filter((item) => item.isFile()).map(({ name }) => name).sort();
}

function installed(target: string): string[] {
  return JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8')).extensions.map(({ name }: { name: string }) => name);
}
