import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { withTemporaryFolder } from '../store/ending.mjs';
import { releasesOf } from './node-api.mjs';
import { npm as runNpm } from './npm.mjs';
import { platformFacts } from '../store/platforms.mjs';
import { unpacked } from '../store/size-limits.mjs';

/**
 * The bytes of libduckdb for a version and platform: from the named file, from the client installed in one of the directories, or from the
 * client on npm.
 */
export async function readLibduckdb({ file, version, platform, directories, log }) {
  if (file) return readFileSync(file);
  const { npm, library } = platformFacts(platform);
  const installed = directories.filter(Boolean).map((directory) => installedBindings(directory, npm)).find((found) => found?.version.startsWith(`${version}-`));
  if (installed) return readFileSync(join(installed.directory, readdirSync(installed.directory).find((name) => library.test(name))));
  log(`libduckdb ${version} for ${platform} is not installed here: fetching it with npm, for the public keys in it`);
  return await fetchLibrary(`@duckdb/node-bindings-${npm}@${releasesOf(version)}`, library);
}

/** Resolves step by step, because package managers may hide the dependencies of node-api from the project. */
function installedBindings(directory, npm) {
  let from = join(directory, 'package.json');
  try {
    for (const name of ['@duckdb/node-api', '@duckdb/node-bindings', `@duckdb/node-bindings-${npm}`]) {
      from = createRequire(from).resolve(`${name}/package.json`);
    }
  } catch {
    return undefined;
  }
  return { directory: dirname(from), version: JSON.parse(readFileSync(from, 'utf8')).version };
}

async function fetchLibrary(spec, library) {
  try {
    return await withTemporaryFolder(async (folder) => {
      await runNpm('pack', '--pack-destination', folder, spec);
      const bytes = fileInTar(unpacked(gunzipSync, readFileSync(join(folder, readdirSync(folder)[0]))), library);
      if (!bytes) throw new Error('it does not contain libduckdb');
      return bytes;
    });
  } catch (error) {
    throw new Error(`cannot fetch ${spec}, whose libduckdb contains the public keys: ${error.message}; `
      + 'name a libduckdb with --libduckdb FILE', { cause: error });
  }
}

function fileInTar(tar, wanted) {
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const name = tar.toString('utf8', at, tar.indexOf(0, at));
    const size = parseInt(tar.toString('latin1', at + 124, at + 136), 8);
    if (wanted.test(basename(name))) return tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return undefined;
}
