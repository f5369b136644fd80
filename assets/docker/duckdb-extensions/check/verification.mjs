import { createHash } from 'node:crypto';
import { checkEntryFunction } from './entry-function.mjs';
import { checkFooter, readFooter } from './footer.mjs';
import { signingKey } from './signature.mjs';

/**
 * Accepts an extension file, or throws with what is wrong. Returns the file's manifest entry.
 *
 * Checks the footer first, because it describes a wrong file best.
 */
export function verifyExtension(bytes, { name, repository, version, platform, keys }) {
  const footer = readFooter(bytes);
  checkFooter(footer, { version, platform });
  const key = signingKey(bytes, keys);
  if (key.repository && REPOSITORIES.has(repository) && key.repository !== repository) {
    throw new Error(`is signed as a ${key.repository} extension, but was requested as ${repository}; `
      + `request it as "${key.repository === 'community' ? 'community:' : ''}${name}"`);
  }
  checkEntryFunction(bytes, { name, abi: footer.abi });
  return { extensionVersion: footer.extensionVersion, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

const REPOSITORIES = new Set(['core', 'community']);
