import { findImplementation } from './motherduck.mjs';
import { verifyExtension } from '../check/verification.mjs';

/**
 * Downloads and verifies extensions one after the other, MotherDuck's implementation before its wrapper.
 *
 * Each is `{ bytes, entry, manifest }`: the file, its manifest entry, and fields of the manifest itself.
 */
export async function* acquire(wanted, context) {
  for (const extension of wanted) {
    const got = await acquireOne(extension, context.sources[extension.repository], context);
    if (extension.name === 'motherduck') {
      const implementation = await fetchImplementation(context);
      if (implementation) yield implementation;
      else got.entry.downloadsAtLoad = true;
    }
    yield got;
  }
}

async function acquireOne(extension, from, context) {
  return accept(extension, await fetchOne(extension, from, context), context);
}

/** Undefined if it cannot be downloaded and LOAD may do it later. A downloaded file must be valid. */
async function fetchImplementation(context) {
  let found;
  let fetched;
  try {
    found = await findImplementation(context);
    fetched = await fetchOne(found.extension, found.from, context);
  } catch (error) {
    if (!context.allowDownload) throw new Error(`${error.message}; or let LOAD download it at run time, with --allow-download`, { cause: error });
    context.log(`warning: ${error.message}; LOAD motherduck will download it at run time`);
    return undefined;
  }
  return { ...accept(found.extension, fetched, context), manifest: { motherduckExtVersion: found.id } };
}

async function fetchOne({ name }, from, { release, lock, log }) {
  try {
    lock?.expect(name, release.platform);
    log(`${name}: fetching`);
    return await from.fetch(name, release);
  } catch (error) {
    throw new Error(`${name}: ${error.message}`, { cause: error });
  }
}

function accept({ name, repository }, { bytes, source }, { release, keys, lock, log }) {
  try {
    const facts = verifyExtension(bytes, { name, repository, ...release, keys });
    lock?.check(name, release.platform, facts.sha256);
    log(`${name}: ${facts.extensionVersion}, ${(facts.size / 1e6).toFixed(1)} MB, signature verified, from ${source}`);
    return { bytes, entry: { name, repository, source, ...facts } };
  } catch (error) {
    throw new Error(`${name}: ${source} ${error.message}`, { cause: error });
  }
}
