import { inflateRawSync } from 'node:zlib';
import { TooLargeError, unpacked } from '../store/size-limits.mjs';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const STORED = 0;
const DEFLATED = 8;

/** The content of the first file in a zip archive whose path matches; undefined if none does. */
export function readFromZip(zip, path) {
  const end = zip.lastIndexOf(uint32(END_OF_DIRECTORY));
  if (end === -1) throw new Error('is not a zip archive, or is truncated');
  try {
    for (let at = zip.readUInt32LE(end + 16), left = zip.readUInt16LE(end + 10); left > 0; left--) {
      if (zip.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new RangeError();
      const lengths = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset));
      const name = zip.toString('utf8', at + 46, at + 46 + lengths[0]);
      if (path.test(name)) return content(zip, at);
      at += 46 + lengths[0] + lengths[1] + lengths[2];
    }
  } catch (error) {
    if (error instanceof TooLargeError) throw error;
    throw new Error('is a damaged zip archive', { cause: error });
  }
  return undefined;
}

function content(zip, entry) {
  const method = zip.readUInt16LE(entry + 10);
  const compressed = zip.readUInt32LE(entry + 20);
  const header = zip.readUInt32LE(entry + 42);
  const start = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28);
  const data = zip.subarray(start, start + compressed);
  if (method === STORED) return data;
  if (method === DEFLATED) return unpacked(inflateRawSync, data);
  throw new Error(`compression method ${method}`);
}

function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
