import { createHash, createPublicKey } from 'node:crypto';

const BEGIN = '-----BEGIN PUBLIC KEY-----';
const END = '-----END PUBLIC KEY-----';

/** The key that has signed DuckDB's core extensions since 1.0. It identifies the array of core keys. */
const CORE_KEY_SHA256 = 'a319de1f13bc85a0af0c51d5ca47e3aff9680d8333e895a3a35e5ff97a69dc12';

/**
 * The public keys inside a libduckdb, which that library trusts.
 *
 * Each is `{ pem, repository }`. DuckDB keeps the keys of core and of community extensions in two arrays. If the arrays cannot be read (only
 * ELF can), `repository` is undefined and every key counts, as in DuckDB itself.
 */
export function publicKeys(library) {
  const keys = [];
  for (let at = library.indexOf(BEGIN); at !== -1; at = library.indexOf(BEGIN, at + 1)) {
    const end = library.indexOf(END, at);
    const pem = library.subarray(at, end + END.length).toString('latin1');
    // libduckdb also contains the bare marker, because its TLS library parses such files.
    if (end !== -1 && isKey(pem)) keys.push({ pem, offset: library.lastIndexOf(0, at) + 1 });
  }
  if (keys.length === 0) throw new Error('the given libduckdb does not contain a public key: name another with --libduckdb FILE');
  const arrays = pointerArrays(library, new Map(keys.map((key) => [key.offset, key])));
  const core = arrays.find((array) => array.some(({ pem }) => fingerprint(pem) === CORE_KEY_SHA256));
  return keys.map((key) => ({ pem: key.pem, repository: core && (core.includes(key) ? 'core' : 'community') }));
}

function isKey(pem) {
  try {
    return createPublicKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}

function fingerprint(pem) {
  return createHash('sha256').update(createPublicKey(pem).export({ type: 'spki', format: 'der' })).digest('hex');
}

const SHT_RELA = 4;
const SHT_NOBITS = 8;

/**
 * The null-terminated arrays of pointers to the given strings, by file offset, in a 64-bit ELF library.
 *
 * The relocation table lists each pointer of such an array. A gap between the entries ends the array.
 */
function pointerArrays(elf, strings) {
  if (elf.readUInt32BE(0) !== 0x7f454c46) return [];
  const sections = sectionHeaders(elf);
  const slots = [];
  for (const { type, offset, size } of sections) {
    if (type !== SHT_RELA) continue;
    for (let at = offset; at < offset + size; at += 24) {
      const string = strings.get(fileOffset(Number(elf.readBigUInt64LE(at + 16)), sections));
      if (string) slots.push({ address: Number(elf.readBigUInt64LE(at)), string });
    }
  }
  slots.sort((a, b) => a.address - b.address);
  const arrays = [];
  slots.forEach(({ address, string }, i) => {
    if (address - slots[i - 1]?.address === 8) arrays.at(-1).push(string);
    else arrays.push([string]);
  });
  return arrays;
}

function fileOffset(address, sections) {
  const section = sections.find((each) => each.type !== SHT_NOBITS && address >= each.address && address < each.address + each.size);
  return section && address - section.address + section.offset;
}

function sectionHeaders(elf) {
  const start = Number(elf.readBigUInt64LE(0x28));
  const [length, count] = [elf.readUInt16LE(0x3a), elf.readUInt16LE(0x3c)];
  return Array.from({ length: count }, (_, i) => {
    const at = start + i * length;
    return {
      type: elf.readUInt32LE(at + 4),
      address: Number(elf.readBigUInt64LE(at + 16)),
      offset: Number(elf.readBigUInt64LE(at + 24)),
      size: Number(elf.readBigUInt64LE(at + 32)),
    };
  });
}
