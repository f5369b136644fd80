import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { docker, run } from '../../test/bed';

/** What an image adds to another that it was built from, in bytes. */
export interface AddedBytes {
  readonly files: number;
  /** As registries keep it: each layer compressed by gzip. */
  readonly packed: number;
}

export async function addedBytes(image: string, base: string): Promise<AddedBytes> {
  const [own, inherited] = await Promise.all([layersOf(image), layersOf(base)]);
  const directory = mkdtempSync(join(tmpdir(), 'image-'));
  try {
    const archive = join(directory, 'image.tar');
    await docker(['save', '--output', archive, image]);
    await run('tar', ['-xf', archive, '-C', directory]);
    const [{ Layers: files }] = JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8'));
    // In the order of the image's own list.
    const added: string[] = files.slice(inherited.length);
    if (files.length !== own.length || own.slice(0, inherited.length).join() !== inherited.join()) throw new Error(`${image} is not built from ${base}`);
    const packed = await Promise.all(added.map((file) => packedBytes(join(directory, file))));
    return { files: await sizeOf(image) - await sizeOf(base), packed: packed.reduce((sum, bytes) => sum + bytes, 0) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The bytes of all files under a directory that `counts` says yes to. */
export function bytesUnder(directory: string, counts: (file: string) => boolean): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && counts(join(entry.parentPath, entry.name).slice(directory.length)))
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

async function layersOf(image: string): Promise<string[]> {
  return JSON.parse((await docker(['image', 'inspect', '--format', '{{json .RootFS.Layers}}', image])).stdout);
}

async function sizeOf(image: string): Promise<number> {
  return Number((await docker(['image', 'inspect', '--format', '{{.Size}}', image])).stdout);
}

async function packedBytes(file: string): Promise<number> {
  let bytes = 0;
  const counter = new Writable({
    write: (chunk: Buffer, _, done) => {
      bytes += chunk.length;
      done();
    },
  });
  await pipeline(createReadStream(file), createGzip(), counter);
  return bytes;
}
