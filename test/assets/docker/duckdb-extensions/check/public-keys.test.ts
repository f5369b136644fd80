import { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../../../temporary-directory';
import { duckdbExtensions, expectSuccess } from '../../command';
import { A_COMMUNITY_KEY, A_CORE_KEY, emptyExtension, libraryWithOwnKey, signedWith } from '../../forgery';
import { served, startMirror } from '../../mirror';
import { describeWithOfficialExtensions, libduckdb, officialDirectory, officialExtension, OTHER_PLATFORM, TESTED } from '../../official-extensions';

// DuckDB's private keys sign nothing for us: what only they could sign is signed with a key of ours that stands in
// a copy of libduckdb where one of DuckDB's stood.
describeWithOfficialExtensions('a signature', () => {
  const install = (source: string, library: string, name: string, target = temporaryDirectory()) => duckdbExtensions(['install', '--version', TESTED.version,
    '--platform', 'linux_amd64', '--libduckdb', library, '--source', source, '--target', target, name]);

  async function mirrorSignedWith(key: KeyObject) {
    return startMirror(served({ h3: signedWith(key, emptyExtension('h3', officialExtension('inet'))) }));
  }

  describe('of DuckDB\'s community', () => {
    let library: string;
    let key: KeyObject;
    beforeAll(() => {
      library = join(temporaryDirectory(), 'libduckdb.so');
      key = libraryWithOwnKey(libduckdb(), A_COMMUNITY_KEY, library);
    });

    it('is accepted for a community extension, and said so in the manifest', async () => {
      const target = temporaryDirectory();

      expectSuccess(await install((await mirrorSignedWith(key)).url, library, 'community:h3', target));

      expect(JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8')).extensions).toEqual([expect.objectContaining({ name: 'h3', repository: 'community' })]);
      expectSuccess(await duckdbExtensions(['verify', '--target', target, '--libduckdb', library]));
    });

    it('is refused for a core extension', async () => {
      const { code, error } = await install((await mirrorSignedWith(key)).url, library, 'h3');

      expect(code).toBe(1);
      expect(error).toContain('is signed as a community extension, but was requested as core; request it as "community:h3"');
    });

    it('is refused by the library that does not know it', async () => {
      expect((await install((await mirrorSignedWith(key)).url, libduckdb(), 'community:h3')).error)
        .toContain('has a signature that none of the public keys in libduckdb verifies');
    });
  });

  it('of any of DuckDB\'s core keys is accepted for a core extension', async () => {
    const library = join(temporaryDirectory(), 'libduckdb.so');
    const key = libraryWithOwnKey(libduckdb(), A_CORE_KEY, library);

    expectSuccess(await install((await mirrorSignedWith(key)).url, library, 'h3'));
  });

  it.each([TESTED, OTHER_PLATFORM])('of DuckDB is refused for a community extension, with the library for $platform', async ({ platform }) => {
    const { code, error } = await install(officialDirectory(['inet']), libduckdb(platform), 'community:inet');

    expect(code).toBe(1);
    expect(error).toContain('is signed as a core extension, but was requested as community; request it as "inet"');
  });
});
