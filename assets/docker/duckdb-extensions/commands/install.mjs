import { dirname } from 'node:path';
import { acquire } from '../fetch/acquire.mjs';
import { makeDirectory, removeLeftovers, resetTimes, writeAtomically } from '../store/files.mjs';
import { readLibduckdb } from '../fetch/libduckdb.mjs';
import { loadExtensions } from '../check/load-check.mjs';
import { readLock } from '../store/lock-file.mjs';
import { checkManifest, extensionFile, manifestFile, recordInManifest } from '../store/manifest.mjs';
import { resolveNames } from '../store/names.mjs';
import { runningPlatform } from '../store/platforms.mjs';
import { publicKeys } from '../check/public-keys.mjs';
import { sourceId } from '../check/source-id.mjs';

/** Writes extensions and their dependencies into a directory, each after its verification, and records them in the manifest. */
export async function install({ names, release, target, libduckdb, client, lockFile, motherduck, log, ...from }) {
  const wanted = resolveNames(names, { version: release.version, onlyOfficial: from.sources.core.onlyOfficial, log });
  const lock = lockFile && readLock(lockFile, release.version);
  const library = await readLibduckdb({ ...release, file: libduckdb, directories: [client, process.cwd()], log });
  const context = {
    ...from, release, keys: publicKeys(library), lock, motherduck: { ...motherduck, sourceId: () => sourceId(library, release.version) }, log,
  };

  const platformDirectory = dirname(extensionFile(target, release, ''));
  checkManifest(target, release);
  makeDirectory(platformDirectory);
  for (const directory of [target, platformDirectory]) removeLeftovers(directory);

  const installed = [];
  for await (const { bytes, entry, manifest } of acquire(wanted, context)) {
    await write(bytes, { target, release, entry, manifest });
    installed.push({ entry, manifest });
  }
  // Even an empty directory is useful: it stops DuckDB from looking elsewhere.
  if (installed.length === 0) await recordInManifest(target, release, []);
  const files = installed.map(({ entry }) => extensionFile(target, release, entry.name));
  resetTimes([...files, manifestFile(target), platformDirectory, dirname(platformDirectory), target]);

  if (client && installed.length > 0) await checkLoad(installed, { target, client, platform: release.platform, log });
}

async function write(bytes, { target, release, entry, manifest }) {
  try {
    writeAtomically(extensionFile(target, release, entry.name), bytes);
    await recordInManifest(target, release, [entry], manifest);
  } catch (error) {
    throw new Error(`${entry.name}: ${error.message}`, { cause: error });
  }
}

async function checkLoad(installed, { target, client, platform, log }) {
  if (platform !== runningPlatform()) {
    log(`LOAD was not tried: this machine is ${runningPlatform()}, the extensions are for ${platform}`);
    return;
  }
  const names = installed.map(({ entry }) => entry).filter(({ repository, downloadsAtLoad }) => repository !== 'motherduck' && !downloadsAtLoad)
    .map(({ name }) => name);
  const implementation = installed.find(({ manifest }) => manifest)?.manifest.motherduckExtVersion;
  await loadExtensions(names, { target, client, environment: implementation && { motherduck_ext_version: implementation } });
  log(`LOAD works offline: ${names.join(', ')}`);
}
