import { createHash } from 'node:crypto';
import { checkEntryFunction } from './entry-function.mjs';
import { checkFooter, readFooter } from './footer.mjs';
import { signingKey } from './signature.mjs';

/**
 * Accepts an extension file or throws with what is wrong with it; gives what the manifest says of it.
 *
 * The footer comes first: it tells best what a wrong file is.
 */
export function verifyExtension(bytes, { name, repository, version, platform, keys }) {
  const footer = readFooter(bytes);
  checkFooter(footer, { version, platform });
  const key = signingKey(bytes, keys);
  if (key.repository && REPOSITORIES.has(repository) && key.repository !== repository) {
    throw new Error(`is signed as a ${key.repository} extension, but was asked for as ${repository}; `
      + `ask for it as "${key.repository === 'community' ? 'community:' : ''}${name}"`);
  }
  checkEntryFunction(bytes, { name, abi: footer.abi });
  return { extensionVersion: footer.extensionVersion, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

const REPOSITORIES = new Set(['core', 'community']);
