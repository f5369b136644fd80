import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../../../temporary-directory';
import { COMMAND, duckdbExtensions } from '../../command';

describe('duckdb-extensions', () => {
  it('tells its commands', async () => {
    for (const args of [[], ['--help']]) {
      const { code, stdout } = await duckdbExtensions(args);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^usage: duckdb-extensions COMMAND/);
      expect(stdout.match(/^ {2}\w+/gm)).toEqual(['  install', '  verify', '  list', '  lock']);
    }
  });

  it.each<[string, string[]]>([
    ['install', ['--target', '--source', '--lock', '--client', '--libduckdb', '--credentials', '--allow-download']],
    ['verify', ['--target', '--libduckdb']],
    ['list', ['--target']],
    ['lock', ['--lock', '--update', '--base-image', '--node-api', '--source']],
  ])('tells the options of %s', async (command, options) => {
    const { code, stdout } = await duckdbExtensions([command, '--help']);

    expect(code).toBe(0);
    for (const option of options) expect(stdout).toMatch(new RegExp(`^ {2}${option}[ \\n]`, 'm'));
  });

  it.each<[string, string[], string]>([
    ['an unknown command', ['instal'], '"instal" is not a command: expected install, verify, list, lock; see duckdb-extensions --help'],
    ['an unknown option', ['install', '--traget', 'x'], 'unknown option \'--traget\'; see duckdb-extensions install --help'],
    ['no target', ['install', 'httpfs'], 'install needs --target DIR; see duckdb-extensions install --help'],
    ['an invalid version', ['install', '--target', 'x', '--version', '1.5.5-r.5', 'httpfs'], '"1.5.5-r.5" is not a version of DuckDB: expected one such as 1.5.5'],
    ['an invalid platform', ['install', '--target', 'x', '--platform', 'linux/arm64', 'httpfs'], '"linux/arm64" is not a platform of DuckDB: expected one of linux_amd64, linux_arm64, osx_amd64, osx_arm64, windows_amd64, windows_arm64'],
    ['a file that is not there', ['verify', '--target', 'x', '--libduckdb', './libduckdb.os'], '--libduckdb ./libduckdb.os does not exist'],
    ['an invalid time limit', ['install', '--target', 'x', '--timeout', 'soon', 'httpfs'], '"soon" is not a time limit: expected a number of seconds, such as 300'],
  ])('says in one line that it was given %s', async (_, args, reason) => {
    expect(await duckdbExtensions(args)).toMatchObject({ code: 1, stdout: '', stderr: `duckdb-extensions: ${reason}\n` });
  });

  it('runs by a link to it, as npm makes one', () => {
    const link = join(temporaryDirectory(), 'duckdb-extensions');
    symlinkSync(COMMAND, link);

    expect(execFileSync(link, ['--help'], { encoding: 'utf8' })).toContain('usage: duckdb-extensions');
  });
});
