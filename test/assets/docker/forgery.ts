import { createHash, generateKeyPairSync, KeyObject, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const SIGNATURE = 256;
const FOOTER = 512;
const CHUNK = 1024 * 1024;
const MARKER = '-----BEGIN PUBLIC KEY-----\nMII';

/** The file with one bit flipped at an offset, from the end if negative. */
export function flipped(bytes: Buffer, offset: number): Buffer {
  const copy = Buffer.from(bytes);
  const at = offset < 0 ? copy.length + offset : offset;
  copy[at] += copy[at] % 2 === 0 ? 1 : -1;
  return copy;
}

export function unsigned(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.fill(0, copy.length - SIGNATURE);
  return copy;
}

/** The file with another text in one field of its footer; field 0 is the last. */
export function withField(bytes: Buffer, field: number, text: string): Buffer {
  const copy = Buffer.from(bytes);
  const at = copy.length - SIGNATURE - (field + 1) * 32;
  copy.fill(0, at, at + 32).write(text, at, 'latin1');
  return copy;
}

/** A small file with a valid footer and the name of the function that DuckDB calls: no code, but all that is looked at before LOAD. */
export function emptyExtension(name: string, like: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(4096, 'not code'), Buffer.from(`\0${name}_duckdb_cpp_init\0`), like.subarray(like.length - FOOTER)]);
}

/** Signs as DuckDB does: RSA over the SHA-256 digests of each MiB of the file without its signature. */
export function signedWith(key: KeyObject, bytes: Buffer): Buffer {
  const body = bytes.subarray(0, bytes.length - SIGNATURE);
  const digests: Buffer[] = [];
  for (let at = 0; at < body.length; at += CHUNK) {
    digests.push(createHash('sha256').update(body.subarray(at, at + CHUNK)).digest());
  }
  return Buffer.concat([body, sign('sha256', Buffer.concat(digests), key)]);
}

/** In the order of the file: the second key of DuckDB 1.5.5 is the first of its community keys, the last a core key. */
export const A_COMMUNITY_KEY = 1;
export const A_CORE_KEY = 38;

/**
 * A copy of libduckdb that trusts a key of ours in place of one of DuckDB's, counted in the order of the file,
 * and that key's private half: what only DuckDB could sign otherwise, can be tested with it.
 */
export function libraryWithOwnKey(library: string, index: number, copy: string): KeyObject {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const bytes = readFileSync(library);
  let at = -1;
  for (let i = 0; i <= index; i++) at = bytes.indexOf(MARKER, at + 1);
  bytes.write(publicKey.export({ type: 'spki', format: 'pem' }).toString().trimEnd(), at, 'latin1');
  writeFileSync(copy, bytes);
  return privateKey;
}
