import { createHash, verify } from 'node:crypto';

const SIGNATURE = 256;
const CHUNK = 1024 * 1024;

/**
 * The public key of `keys` that verifies the file's signature, as DuckDB does at LOAD:
 * RSA over the SHA-256 digests of each MiB of the file without its signature.
 */
export function signingKey(bytes, keys) {
  const end = bytes.length - SIGNATURE;
  const signature = bytes.subarray(end);
  if (signature.every((byte) => byte === 0)) {
    throw new Error('is not signed: only extensions signed by DuckDB are installed');
  }
  const digests = [];
  for (let at = 0; at < end; at += CHUNK) {
    digests.push(createHash('sha256').update(bytes.subarray(at, Math.min(end, at + CHUNK))).digest());
  }
  const signed = Buffer.concat(digests);
  const key = keys.find(({ pem }) => verify('sha256', signed, pem, signature));
  if (!key) {
    throw new Error('has a signature that none of the public keys in libduckdb verifies: the file was changed, damaged or signed by someone else');
  }
  return key;
}
