import { crc32, deflateRawSync } from 'node:zlib';

/** A zip archive of compressed files, as Python's build tools write wheels. */
export function zipOf(files: Record<string, Buffer>): Buffer {
  return archive(Object.entries(files).map(([path, content]) => (
    { path, data: deflateRawSync(content, { level: 1 }), checksum: crc32(content), size: content.length }
  )));
}

/** One of files that are compressed already; it says of none what it is unpacked. */
export function zipOfDeflated(files: Record<string, Buffer>): Buffer {
  return archive(Object.entries(files).map(([path, data]) => ({ path, data, checksum: 0, size: 0 })));
}

interface Entry {
  readonly path: string;
  readonly data: Buffer;
  readonly checksum: number;
  readonly size: number;
}

function archive(files: Entry[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { path, data, checksum, size } of files) {
    const name = Buffer.from(path);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(checksum, 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(size, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, name, data]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, rest, name]));
    locals.push(local);
    offset += local.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, entries, end]);
}
