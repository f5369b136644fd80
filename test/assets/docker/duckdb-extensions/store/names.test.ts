import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repositoryRoot } from '../../../../bed/paths';
import { temporaryDirectory } from '../../../../temporary-directory';
import { outcomeOf } from '../../command';
import { install } from '../../install';
import { pathOf, startMirror } from '../../mirror';
import { NAME_CASES, NameCase } from '../../name-cases';
import { TESTED } from '../../official-extensions';

const NAMES = pathToFileURL(join(repositoryRoot, 'assets/docker/duckdb-extensions/store/names.mjs')).href;

/** What the installer makes of each case: the names, as they are asked for, or the message of an error. */
async function resolved(cases: readonly NameCase[]): Promise<(string[] | string)[]> {
  const { stdout } = await outcomeOf(process.execPath, ['--input-type=module', '--eval', `
    import { resolveNames } from ${JSON.stringify(NAMES)};
    console.log(JSON.stringify(JSON.parse(process.argv[1]).map(({ asked, version, official }) => {
      try {
        return resolveNames(asked, { version, onlyOfficial: official, log() {} })
          .map(({ name, repository }) => (repository === 'core' ? name : repository + ':' + name));
      } catch (error) {
        return error.message;
      }
    })));
  `, JSON.stringify(cases)]);
  return JSON.parse(stdout);
}

describe('the names of extensions', () => {
  let results: (string[] | string)[];
  beforeAll(async () => { results = await resolved(NAME_CASES); });

  it.each(NAME_CASES.map((each, index) => ({ ...each, index })))('$asked of DuckDB $version, official: $official', ({ expected, index }) => {
    if (expected instanceof RegExp) {
      expect(results[index]).toMatch(expected);
    } else {
      expect(results[index]).toEqual(expected);
    }
  });

  it('are those of the files that are fetched, what others depend on first', async () => {
    for (const [name, first] of [['sqlite3', 'sqlite_scanner'], ['iceberg', 'avro']]) {
      const mirror = await startMirror({});
      await install(mirror.url, temporaryDirectory(), [name]);
      expect(mirror.asked).toEqual([`GET ${pathOf(first)}`]);
    }
  });

  it.each([
    ['htpfs', `no core extension of DuckDB ${TESTED.version} has this name; did you mean "httpfs"?`],
    ['h3', `no core extension of DuckDB ${TESTED.version} has this name; for the community repository, request "community:h3"`],
  ])('that are unknown, as %s, are refused before anything is fetched, from DuckDB and from PyPI', async (name, reason) => {
    for (const source of ['core', 'pypi']) {
      expect(await install(source, temporaryDirectory(), [name])).toMatchObject({ code: 1, stderr: `duckdb-extensions: ${name}: ${reason}\n` });
    }
  });

  it.each(['../httpfs', 'HTTPFS', 'postgres-scanner', 'community:../h3', ''])('are not "%s"', async (name) => {
    const { code, error } = await install('core', temporaryDirectory(), [name]);

    expect(code).toBe(1);
    expect(error).toContain(`"${name}" is not an extension name: expected one such as "httpfs" or "community:h3"`);
  });

  it('of what is built into DuckDB need no file', async () => {
    const target = temporaryDirectory();

    const { code, stderr } = await install('core', target, ['parquet', 'json']);

    expect({ code, stderr }).toEqual({
      code: 0, stderr: 'parquet is built into DuckDB: nothing to install\njson is built into DuckDB: nothing to install\n',
    });
    expect(JSON.parse(readFileSync(`${target}/manifest.json`, 'utf8')).extensions).toEqual([]);
  });
});
