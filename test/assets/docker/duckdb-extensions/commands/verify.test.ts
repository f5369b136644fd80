import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../../../temporary-directory';
import { duckdbExtensions, expectSuccess } from '../../command';
import { flipped, unsigned } from '../../forgery';
import { install } from '../../install';
import { describeWithOfficialExtensions, extensionFile, libduckdb, officialDirectory, officialExtension, OTHER_VERSION, TESTED } from '../../official-extensions';

describeWithOfficialExtensions('duckdb-extensions verify', () => {
  const verify = (target: string) => duckdbExtensions(['verify', '--target', target, '--libduckdb', libduckdb()]);

  async function installedDirectory(): Promise<string> {
    const target = temporaryDirectory();
    expectSuccess(await install(officialDirectory(['odbc_scanner', 'inet']), target, ['odbc', 'inet']));
    return target;
  }

  it('accepts what install wrote', async () => {
    const outcome = await verify(await installedDirectory());

    expectSuccess(outcome);
    expect(outcome.stderr).toContain('inet: fe7f60b, signature and SHA-256 verified');
  });

  it.each<[string, (file: string, target: string) => void, string]>([
    ['whose code was changed', (file) => writeFileSync(file, flipped(readFileSync(file), 5_000_000)), 'has a signature that none of the public keys'],
    ['whose signature was changed', (file) => writeFileSync(file, flipped(readFileSync(file), -1)), 'has a signature that none of the public keys'],
    ['whose signature was removed', (file) => writeFileSync(file, unsigned(readFileSync(file))), 'is not signed'],
    ['that was cut short', (file) => writeFileSync(file, readFileSync(file).subarray(0, -1)), 'is not a DuckDB extension'],
    ['of another version', (file) => writeFileSync(file, officialExtension('inet', OTHER_VERSION)), `was built for DuckDB v${OTHER_VERSION.version}, not for v${TESTED.version}`],
    ['that is another signed extension', (file, target) => copyFileSync(extensionFile(target, 'odbc_scanner'), file), 'is another extension than inet: it has no function inet_init_c_api'],
    ['that is missing', (file) => rmSync(file), 'is missing'],
  ])('names the file %s', async (_, tamper, reason) => {
    const target = await installedDirectory();
    const file = extensionFile(target, 'inet');
    tamper(file, target);

    const { code, error } = await verify(target);

    expect(code).toBe(1);
    expect(error).toContain(`duckdb-extensions: ${file} ${reason}`);
    expect(error).not.toContain('odbc_scanner.duckdb_extension');
  });

  it('names a file that was not installed', async () => {
    const target = await installedDirectory();
    const file = extensionFile(target, 'tpch');
    copyFileSync(extensionFile(target, 'inet'), file);

    expect(await verify(target)).toMatchObject({ code: 1, error: `duckdb-extensions: ${file} is not in the manifest; install again into an empty directory` });
  });

  it('names every file that is wrong', async () => {
    const target = await installedDirectory();
    for (const name of ['inet', 'odbc_scanner']) rmSync(extensionFile(target, name));

    expect((await verify(target)).error)
      .toBe(`duckdb-extensions: ${extensionFile(target, 'inet')} is missing; ${extensionFile(target, 'odbc_scanner')} is missing; install again into an empty directory`);
  });

  it('refuses a directory without a manifest', async () => {
    const target = temporaryDirectory();

    expect(await verify(target)).toMatchObject({
      code: 1, error: `duckdb-extensions: cannot find ${join(target, 'manifest.json')}: expected a directory that duckdb-extensions install has written`,
    });
  });
});

describeWithOfficialExtensions('duckdb-extensions list', () => {
  it('prints what a directory holds', async () => {
    const target = temporaryDirectory();
    const source = officialDirectory(['odbc_scanner', 'inet']);
    expectSuccess(await install(source, target, ['odbc', 'inet']));

    const { stdout } = await duckdbExtensions(['list', '--target', target]);

    expect(stdout).toBe([
      `DuckDB ${TESTED.version} for linux_amd64`,
      `  inet          fe7f60b     11.2 MB  core  ${extensionFile(source, 'inet')}`,
      `  odbc_scanner  274a330734  0.7 MB   core  ${extensionFile(source, 'odbc_scanner')}`,
      '',
    ].join('\n'));
  });
});
