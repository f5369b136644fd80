import { FILE_NAME, IMPLEMENTATION } from '../store/manifest.mjs';
import { parseSource } from './sources.mjs';

/** Plain HTTP, as MotherDuck's own extension asks it; what is downloaded carries a signature. */
export const VERSION_URL = 'http://api.motherduck.com/extension_version';
export const DOWNLOAD_URL = 'http://ext.motherduck.com';

/**
 * The implementation behind the extension `motherduck`, which is only a wrapper: its LOAD asks MotherDuck for the id of the
 * implementation and downloads that, unless the variable motherduck_ext_version names one that lies beside the wrapper.
 *
 * The id is what the lock file pins, or what a directory holds, or what MotherDuck answers. Gives where from it is fetched.
 */
export async function findImplementation({ release, lock, sources, motherduck, http }) {
  const vendored = sources.core.motherduckExtVersion;
  const id = lock?.nameWithPrefix(IMPLEMENTATION, release.platform)?.slice(IMPLEMENTATION.length) ?? vendored ?? await askVersion(motherduck, release, http);
  return {
    id,
    extension: { name: IMPLEMENTATION + id, repository: 'motherduck' },
    from: vendored ? sources.core : parseSource(motherduck.downloadUrl, http),
  };
}

async function askVersion({ versionUrl, sourceId }, { version, platform }, http) {
  const text = await answerOf(versionUrl, http, {
    'x-md-duckdb-version': `v${version}`,
    'x-md-duckdb-sourceid': sourceId(),
    'x-md-duckdb-platform': platform,
  });
  let id;
  try {
    id = JSON.parse(text).extensionVersion;
  } catch {
    // Told below.
  }
  if (typeof id !== 'string' || !FILE_NAME.test(IMPLEMENTATION + id)) {
    throw new Error(`motherduck: ${versionUrl} answered ${JSON.stringify(text.slice(0, 80))} for DuckDB ${version}: expected {"extensionVersion":"..."}`);
  }
  return id;
}

async function answerOf(url, http, headers) {
  try {
    return (await http.request(url, { headers })).body.toString('utf8');
  } catch (error) {
    throw new Error(`motherduck: ${url} ${error.message}`, { cause: error });
  }
}
