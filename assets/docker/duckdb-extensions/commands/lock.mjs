import { acquire } from '../fetch/acquire.mjs';
import { readLibduckdb } from '../fetch/libduckdb.mjs';
import { readLockFile, writeLockFile } from '../store/lock-file.mjs';
import { resolveNames } from '../store/names.mjs';
import { installedVersion, nodeApiPackages } from '../fetch/node-api.mjs';
import { runningPlatform } from '../store/platforms.mjs';
import { publicKeys } from '../check/public-keys.mjs';
import { imageDigest, splitDigest } from '../fetch/image-registry.mjs';
import { sourceId } from '../check/source-id.mjs';

/**
 * Writes the digests that a build is checked against: of extensions, of npm packages and of the base image.
 *
 * Keeps what the file already pins. With `update`, looks it up again. Prints what changes.
 */
export async function lock({ file, names, version: asked, platforms, nodeApi, baseImage, update, ...from }) {
  const before = readLockFile(file);
  const version = asked ?? before?.duckdbVersion ?? installedVersion();
  const kept = update ? undefined : before;
  const image = baseImage ? splitDigest(baseImage) : before?.baseImage && { reference: before.baseImage.reference };
  refuseChange(kept, { file, version, image });

  const extensions = {};
  for (const platform of allPlatforms(before, platforms)) {
    const pinned = kept?.extensions[platform] ?? {};
    const added = await pin([...namesOf(before), ...names], pinned, { ...from, release: { version, platform } });
    extensions[platform] = { ...pinned, ...added };
  }
  const after = {
    version: 1,
    duckdbVersion: version,
    baseImage: kept?.baseImage ?? (image && { ...image, digest: image.digest ?? await imageDigest(image.reference, from.http) }),
    nodeApi: await nodeApiPackages({ version, nodeApi, platforms: Object.keys(extensions), pinned: kept?.nodeApi ?? {} }),
    extensions,
  };
  writeLockFile(file, after);
  printChanges(before ?? {}, after);
}

function refuseChange(kept, { file, version, image }) {
  if (kept && kept.duckdbVersion !== version) {
    throw new Error(`the lock file ${file} is for DuckDB ${kept.duckdbVersion}, not ${version}; move it with --update`);
  }
  const pinned = kept?.baseImage;
  if (pinned && image && (pinned.reference !== image.reference || (image.digest && pinned.digest !== image.digest))) {
    throw new Error(`the lock file ${file} pins the base image ${imageText(pinned)}, not ${imageText(image)}; change it with --update`);
  }
}

function imageText({ reference, digest }) {
  return digest ? `${reference}@${digest}` : reference;
}

function allPlatforms(before, given) {
  const platforms = [...Object.keys(before?.extensions ?? {}), ...given];
  return new Set(platforms.length > 0 ? platforms : [runningPlatform()]);
}

/** The names to request for everything that is pinned for any platform. MotherDuck's implementation comes with its wrapper. */
function namesOf(before) {
  const pinned = Object.assign({}, ...Object.values(before?.extensions ?? {}));
  return Object.entries(pinned).filter(([, { repository }]) => repository !== 'motherduck')
    .map(([name, { repository }]) => (repository === 'community' ? `community:${name}` : name));
}

async function pin(names, pinned, { release, sources, libduckdb, motherduck, ...from }) {
  const wanted = resolveNames(names, { version: release.version, onlyOfficial: sources.core.onlyOfficial, log: from.log })
    .filter(({ name }) => !Object.hasOwn(pinned, name));
  if (wanted.length === 0) return {};
  const library = await readLibduckdb({ ...release, file: libduckdb, directories: [process.cwd()], log: from.log });
  const context = { ...from, release, sources, keys: publicKeys(library), motherduck: { ...motherduck, sourceId: () => sourceId(library, release.version) } };
  const added = {};
  for await (const { entry: { name, repository, extensionVersion, sha256 } } of acquire(wanted, context)) {
    added[name] = { repository, extensionVersion, sha256 };
  }
  return added;
}

function printChanges(before, after) {
  const [was, is] = [new Map(leaves(before)), new Map(leaves(after))];
  const lines = [...new Set([...was.keys(), ...is.keys()])].filter((path) => was.get(path) !== is.get(path)).map((path) => {
    if (!was.has(path)) return `+ ${path} ${is.get(path)}`;
    if (!is.has(path)) return `- ${path} ${was.get(path)}`;
    return `~ ${path} ${was.get(path)} -> ${is.get(path)}`;
  });
  process.stdout.write(`${lines.length > 0 ? lines.join('\n') : 'nothing changed'}\n`);
}

function leaves(value, path = []) {
  if (value === undefined) return [];
  if (typeof value !== 'object') return [[path.join(' '), value]];
  return Object.entries(value).flatMap(([key, child]) => leaves(child, [...path, key]));
}
