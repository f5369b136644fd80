import * as fs from 'fs';
import * as path from 'path';
import { Token } from 'aws-cdk-lib';
import { expectText } from './checks/expect';

/**
 * The source from which the image build takes extensions.
 *
 * Whatever the source, each extension must have a signature that the DuckDB in the image accepts. So you do not need to trust the repository, and the
 * asset's hash does not cover it. The hash does cover the files of a directory.
 *
 * @example
 * new DuckDbFunction(this, 'Reports', {
 *   entry: 'src/reports.ts',
 *   extensionRepository: ExtensionRepository.fromUrl('https://mirror.example.com/duckdb'),
 * });
 */
export class ExtensionRepository {
  /** DuckDB's own repositories, for core and for community extensions. */
  public static core(): ExtensionRepository {
    return new ExtensionRepository('core', true);
  }

  /**
   * A mirror with the layout of DuckDB's own: `v<version>/<platform>/<name>.duckdb_extension.gz`.
   *
   * @param url such as `https://mirror.example.com/duckdb`; without credentials
   */
  public static fromUrl(url: string): ExtensionRepository {
    return new ExtensionRepository(checkedUrl(url), false);
  }

  /**
   * The Python package index. Its packages `duckdb-extension-<name>` contain the official, signed files.
   *
   * Use it in networks that can reach only a mirror of PyPI.
   *
   * @param indexUrl the index's simple API, such as `https://pypi.example.com/simple`; PyPI by default
   */
  public static fromPyPi(indexUrl?: string): ExtensionRepository {
    return new ExtensionRepository(indexUrl === undefined ? 'pypi' : `pypi+${checkedUrl(indexUrl)}`, true);
  }

  /**
   * A directory with the layout of DuckDB's own repository, as `duckdb-extensions install` writes it. Use it for builds that cannot reach a
   * repository.
   *
   * DuckDB's client still comes from npm, or from the registry that the build secret `npmrc` names.
   *
   * The build context contains the files of the function's platform, so the asset's hash covers them.
   *
   * @param directory absolute, or relative to the working directory
   */
  public static fromDirectory(directory: string): ExtensionRepository {
    expectText(directory, 'ExtensionRepository.fromDirectory has the directory', 'extensions');
    const resolved = path.resolve(directory);
    if (!fs.statSync(resolved, { throwIfNoEntry: false })?.isDirectory()) {
      throw new Error(`cannot find the extension directory "${directory}": looked for ${resolved}; `
        + 'fill one with: npx duckdb-extensions install --platform linux_arm64 --target DIR httpfs');
    }
    return new ExtensionRepository(STAGED_DIRECTORY, false, resolved);
  }

  private constructor(
    /**
     * The installer's argument `--source`.
     * @internal
     */
    public readonly _source: string,
    /**
     * Whether it holds only DuckDB's own extensions, so that a name can be checked before the build.
     * @internal
     */
    public readonly _onlyOfficial: boolean,
    /**
     * A local directory that goes into the build context as `extensions`.
     * @internal
     */
    public readonly _directory?: string,
  ) {}

  /**
   * Throws unless the files exist, as far as that can be checked before the build.
   *
   * @internal
   */
  public _expect(names: string[], duckdbVersion: string, platform: string): void {
    if (!this._directory) return;
    const folder = path.join(this._directory, `v${duckdbVersion}`, platform);
    const present = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
    const missing = names.filter((name) => !['', '.gz'].some((ending) => present.includes(`${name}.duckdb_extension${ending}`)));
    if (missing.length > 0) {
      throw new Error(`the extension directory has no ${missing.join(', ')} for DuckDB ${duckdbVersion} on ${platform}: looked in ${folder}; add with: `
        + `npx duckdb-extensions install --version ${duckdbVersion} --platform ${platform} --target ${this._directory} ${missing.join(' ')}`);
    }
  }
}

/** The directory of `fromDirectory`'s files in the build context, seen from the installer's working directory. */
const STAGED_DIRECTORY = './extensions';

/** The URL without trailing slashes. An error does not repeat the whole URL, because it may contain credentials. */
function checkedUrl(url: string): string {
  if (Token.isUnresolved(url)) {
    throw new Error('the URL of an extension repository is a CDK token: expected a literal, because the image is built before the stack is deployed');
  }
  const expected = 'expected one such as "https://mirror.example.com/duckdb"';
  let parsed: URL;
  try {
    // A line break would be dropped here, and still be in the build's arguments.
    parsed = new URL(/\s/.test(url) ? '' : url);
  } catch {
    throw new Error(`the URL of an extension repository cannot be parsed: ${expected}`);
  }
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') {
    throw new Error(`the extension repository on "${parsed.host}" has the scheme "${parsed.protocol}": ${expected}`);
  }
  if (parsed.username || parsed.password || parsed.search || parsed.hash) {
    throw new Error(`the URL of the extension repository on "${parsed.host}" has credentials, a query or a fragment: ${expected}; `
      + 'credentials belong in the build secret netrc');
  }
  return url.replace(/\/+$/, '');
}
