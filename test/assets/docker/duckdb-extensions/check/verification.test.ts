import { existsSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { temporaryDirectory } from '../../../../temporary-directory';
import { duckdbExtensions, expectSuccess } from '../../command';
import { flipped, unsigned, withField } from '../../forgery';
import { install } from '../../install';
import { pathOf, startMirror } from '../../mirror';
import {
  describeWithOfficialExtensions, extensionFile, libduckdb, officialDirectory, officialExtension, OTHER_PLATFORM, OTHER_VERSION, TESTED,
} from '../../official-extensions';

describeWithOfficialExtensions('a file that is not what was asked for', () => {
  const inet = () => officialExtension('inet');
  const small = () => officialExtension('odbc_scanner');

  it.each<[string, () => Buffer, string]>([
    ['is cut short', () => gzipSync(small().subarray(0, -1000)), 'is not a DuckDB extension: its 670782 bytes do not end in DuckDB\'s footer: truncated or damaged'],
    ['is shorter than a footer', () => gzipSync('short'), 'is not a DuckDB extension: its 5 bytes do not end in DuckDB\'s footer: truncated or damaged'],
    ['is empty', () => Buffer.alloc(0), 'is not a DuckDB extension: its 0 bytes do not end in DuckDB\'s footer: truncated or damaged'],
    ['is an HTML page', () => Buffer.from('<!DOCTYPE html>\n<title>Please log in</title>'), 'is not a DuckDB extension: it is an HTML or XML page, such as one from a proxy, a login or an error'],
    ['is gzip data that is cut short', () => gzipSync(small()).subarray(0, 100_000), 'contains gzip data that is truncated or damaged (unexpected end of file)'],
    ['is for another version', () => gzipSync(officialExtension('inet', OTHER_VERSION), { level: 1 }), `was built for DuckDB v${OTHER_VERSION.version}, not for v${TESTED.version}`],
    ['is for another platform', () => gzipSync(officialExtension('inet', OTHER_PLATFORM), { level: 1 }), 'was built for the platform linux_arm64, not for linux_amd64'],
    ['is for a later C interface', () => gzipSync(withField(small(), 2, 'v1.6.0')), `was built for DuckDB's C interface v1.6.0, which DuckDB v${TESTED.version} does not have`],
    ['has an unknown binary interface', () => gzipSync(withField(small(), 4, 'RUST')), 'has the binary interface "RUST": expected CPP, C_STRUCT or C_STRUCT_UNSTABLE'],
    ['has a bit flipped in its code', () => gzipSync(flipped(inet(), 5_000_000), { level: 1 }), 'has a signature that none of the public keys in libduckdb verifies'],
    ['has a bit flipped in its signature', () => gzipSync(flipped(small(), -10)), 'has a signature that none of the public keys in libduckdb verifies'],
    ['has a bit flipped in its footer', () => gzipSync(flipped(small(), -256 - 7 * 32)), 'has a signature that none of the public keys in libduckdb verifies'],
    ['is not signed', () => gzipSync(unsigned(small())), 'is not signed: only extensions signed by DuckDB are installed'],
  ])('that %s is refused in one line, and nothing is left', async (_, body, reason) => {
    const target = temporaryDirectory();
    const mirror = await startMirror({ [pathOf('inet')]: body() });

    const { code, error } = await install(mirror.url, target, ['inet']);

    expect(error).toContain(`duckdb-extensions: inet: ${mirror.url}${pathOf('inet')} ${reason}`);
    expect(code).toBe(1);
    expect(existsSync(extensionFile(target, 'inet'))).toBe(false);
    expect(existsSync(`${target}/manifest.json`)).toBe(false);
    expect(mirror.asked).toHaveLength(1);
  });

  // "net", as the name that inet's function ends in.
  const misnamed = [TESTED, OTHER_PLATFORM].flatMap((release) => ['tpch', 'net'].map((name) => ({ ...release, name })));
  it.each(misnamed)('that is DuckDB\'s own inet for $platform as $name is refused, without LOAD', async ({ name, ...release }) => {
    const target = temporaryDirectory();
    const mirror = await startMirror({ [pathOf(name, release)]: gzipSync(officialExtension('inet', release), { level: 1 }) });

    const { code, error } = await duckdbExtensions(['install', '--version', release.version, '--platform', release.platform,
      '--libduckdb', libduckdb(), '--source', mirror.url, '--target', target, name]);

    expect(code).toBe(1);
    expect(error).toBe(`duckdb-extensions: ${name}: ${mirror.url}${pathOf(name, release)} is another extension than ${name}: `
      + `it has no function ${name}_duckdb_cpp_init; check what the source serves under this name`);
    expect(existsSync(`${target}/manifest.json`)).toBe(false);
  });

  const named = [TESTED, OTHER_PLATFORM].flatMap((release) => ['inet', 'odbc_scanner', 'motherduck'].map((name) => ({ ...release, name })));
  it.each(named)('is not DuckDB\'s own $name for $platform', async ({ name, ...release }) => {
    const target = temporaryDirectory();

    expectSuccess(await duckdbExtensions(['install', '--version', release.version, '--platform', release.platform, '--libduckdb', libduckdb(),
      '--source', officialDirectory([name], release), '--target', target, '--allow-download', '--motherduck-version-url', 'http://127.0.0.1:1', '--timeout', '1', name]));
    expectSuccess(await duckdbExtensions(['verify', '--target', target, '--libduckdb', libduckdb()]));
  });

  it('that is unpacked already is taken, as some mirrors unpack what ends in .gz', async () => {
    const target = temporaryDirectory();
    const mirror = await startMirror({ [pathOf('inet')]: inet() });

    expect(await install(mirror.url, target, ['inet'])).toMatchObject({ code: 0 });
    expect(existsSync(extensionFile(target, 'inet'))).toBe(true);
  });
});
