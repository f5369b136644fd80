import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLibduckdb } from '../fetch/libduckdb.mjs';
import { extensionFile, readManifest } from '../store/manifest.mjs';
import { publicKeys } from '../check/public-keys.mjs';
import { verifyExtension } from '../check/verification.mjs';

/** Checks every file of a directory against its signature, its footer and the manifest. Throws with each file that differs. */
export async function verify({ target, libduckdb, log }) {
  const manifest = readManifest(target);
  if (!manifest) throw new Error(`cannot find ${target}/manifest.json: expected a directory that duckdb-extensions install has written`);
  const release = { version: manifest.duckdbVersion, platform: manifest.platform };
  const keys = publicKeys(await readLibduckdb({ ...release, file: libduckdb, directories: [process.cwd()], log }));

  const problems = [];
  for (const entry of manifest.extensions) {
    const file = extensionFile(target, release, entry.name);
    try {
      verifyEntry(readFileSync(file), entry, { ...release, keys });
      log(`${entry.name}: ${entry.extensionVersion}, signature and SHA-256 verified`);
    } catch (error) {
      problems.push(error.code === 'ENOENT' ? `${file} is missing` : `${file} ${error.message}`);
    }
  }
  problems.push(...unlisted(target, release, manifest).map((file) => `${file} is not in the manifest`));
  if (problems.length > 0) throw new Error(`${problems.join('; ')}; install again into an empty directory`);
}

function verifyEntry(bytes, { name, repository, sha256, size }, release) {
  const facts = verifyExtension(bytes, { name, repository, ...release });
  if (facts.sha256 !== sha256 || facts.size !== size) {
    throw new Error(`has the SHA-256 ${facts.sha256}, but the manifest says ${sha256}`);
  }
}

/** DuckDB would load these too. */
function unlisted(target, release, manifest) {
  const listed = new Set(manifest.extensions.map(({ name }) => extensionFile(target, release, name)));
  const files = readdirSync(target, { recursive: true }).map((path) => join(target, path));
  return files.filter((file) => file.endsWith('.duckdb_extension') && !listed.has(file));
}
