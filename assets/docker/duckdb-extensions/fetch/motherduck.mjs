import { FILE_NAME, IMPLEMENTATION } from '../store/manifest.mjs';
import { parseSource } from './sources.mjs';

/** Plain HTTP, as in MotherDuck's own extension. The downloaded file carries a signature. */
export const VERSION_URL = 'http://api.motherduck.com/extension_version';
export const DOWNLOAD_URL = 'http://ext.motherduck.com';

/**
 * The implementation behind the extension `motherduck`, which is only a wrapper. Its LOAD asks MotherDuck for the id of the implementation
 * and downloads it, unless the variable motherduck_ext_version names one beside the wrapper.
 *
 * The id comes from the lock file, from a directory, or from MotherDuck's answer. Also returns the source of the download.
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
    // Reported below.
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
