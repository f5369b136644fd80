import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock, writeAtomically } from './files.mjs';

/** The prefix of the name of MotherDuck's implementation, before its id. */
export const IMPLEMENTATION = 'motherduck_impl.';

/** The allowed file names of extensions and of that implementation. No name leads out of its directory. */
export const FILE_NAME = /^[a-z][a-z0-9_]*(?:\.[\w-]+)*$/;

/** The path of an extension, as DuckDB's setting extension_directory expects it. */
export function extensionFile(target, { version, platform }, name) {
  return join(target, `v${version}`, platform, `${name}.duckdb_extension`);
}

export function manifestFile(target) {
  return join(target, 'manifest.json');
}

/** The manifest of a directory; undefined if it has none yet. */
export function readManifest(target) {
  const file = manifestFile(target);
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  }
  try {
    const manifest = JSON.parse(text);
    if (isManifest(manifest)) return manifest;
  } catch {
    // Reported below.
  }
  throw new Error(`${file} is not a manifest of version 1: remove ${target} and install again`);
}

function isManifest({ version, motherduckExtVersion, extensions }) {
  return version === 1 && extensions.every(({ name }) => FILE_NAME.test(name))
    && (motherduckExtVersion === undefined || FILE_NAME.test(IMPLEMENTATION + motherduckExtVersion));
}

/** A directory has one version for one platform, which its manifest names. */
export function checkManifest(target, { version, platform }) {
  const manifest = readManifest(target);
  if (manifest && (manifest.duckdbVersion !== version || manifest.platform !== platform)) {
    throw new Error(`${target} holds extensions of DuckDB ${manifest.duckdbVersion} for ${manifest.platform}, `
      + `not ${version} for ${platform}: choose another --target`);
  }
}

/** Adds entries to the manifest, or replaces those with the same names. `fields` are fields of the manifest itself. */
export async function recordInManifest(target, { version, platform }, entries, fields) {
  await withLock(join(target, '.manifest.lock'), () => {
    checkManifest(target, { version, platform });
    const before = readManifest(target);
    const byName = new Map([...(before?.extensions ?? []), ...entries].map((entry) => [entry.name, entry]));
    writeAtomically(manifestFile(target), toText({
      version: 1,
      duckdbVersion: version,
      platform,
      ...before,
      ...fields,
      extensions: [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    }));
  });
}

function toText(value) {
  return JSON.stringify(value, undefined, 2) + '\n';
}
