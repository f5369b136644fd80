import { randomUUID } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { S3Error } from './s3-error';

export interface ObjectHead {
  readonly size: number;
  readonly etag: string;
  readonly lastModified: Date;
}

export interface ListedObject extends ObjectHead {
  readonly key: string;
}

/** An object of which every part is read from the same version. */
export interface OpenObject extends ObjectHead {
  /** The bytes from `start` to `end`, both among them. */
  read(start: number, end: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** Directories as buckets: every file below one is an object, which may be replaced at any time. */
export class Buckets {
  /** `staging` holds what is not complete; it must be in the file system of `directory`. */
  constructor(private readonly directory: string, private readonly staging: string) {}

  async expectBucket(bucket: string): Promise<void> {
    const found = bucket !== '' && !bucket.startsWith('.') && await stat(join(this.directory, bucket)).catch(() => undefined);
    if (!found || !found.isDirectory()) throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist');
  }

  async head(bucket: string, key: string): Promise<ObjectHead> {
    const found = await stat(this.path(bucket, key), { bigint: true }).catch(() => undefined);
    return headOf(found);
  }

  async open(bucket: string, key: string): Promise<OpenObject> {
    const file = await open(this.path(bucket, key)).catch(() => undefined);
    if (file === undefined) throw noSuchKey();
    try {
      return { ...headOf(await file.stat({ bigint: true })), read: (start, end) => bytesOf(file, start, end), close: () => file.close() };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** As S3 lists: in the order of their keys' bytes. */
  async list(bucket: string, prefix: string): Promise<ListedObject[]> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const entries = await readdir(this.path(bucket, folder), { recursive: true, withFileTypes: true }).catch(() => []);
    const root = join(this.directory, bucket);
    const keys = entries.filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      .filter((key) => key.startsWith(prefix))
      .sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
    const listed = await Promise.all(keys.map(async (key) => {
      // One may be gone meanwhile.
      const head = await this.head(bucket, key).catch(() => undefined);
      return head && { key, ...head };
    }));
    return listed.filter((each) => each !== undefined);
  }

  /** Whoever reads the object before it is complete reads the one before. */
  async put(bucket: string, key: string, parts: readonly (string | Buffer)[]): Promise<ObjectHead> {
    const unfinished = join(this.staging, randomUUID());
    const path = this.path(bucket, key);
    const file = await open(unfinished, 'w');
    try {
      for (const part of parts) await file.writeFile(typeof part === 'string' ? await readWhole(part) : part);
    } finally {
      await file.close();
    }
    await mkdir(dirname(path), { recursive: true });
    await rename(unfinished, path);
    return this.head(bucket, key);
  }

  async delete(bucket: string, key: string): Promise<void> {
    await rm(this.path(bucket, key), { force: true });
  }

  async createUpload(): Promise<string> {
    const id = randomUUID();
    await mkdir(join(this.staging, `upload-${id}`));
    return id;
  }

  async putPart(upload: string, part: number, body: Buffer): Promise<void> {
    await writeFile(join(await this.upload(upload), `${part}`), body);
  }

  async completeUpload(upload: string, bucket: string, key: string, parts: readonly number[]): Promise<ObjectHead> {
    const directory = await this.upload(upload);
    const head = await this.put(bucket, key, parts.map((part) => join(directory, `${part}`)));
    await this.abortUpload(upload);
    return head;
  }

  async abortUpload(upload: string): Promise<void> {
    await rm(await this.upload(upload), { recursive: true });
  }

  private async upload(id: string): Promise<string> {
    const directory = join(this.staging, `upload-${id}`);
    const found = /^[\da-f-]+$/.test(id) && await stat(directory).catch(() => undefined);
    if (!found) throw new S3Error(404, 'NoSuchUpload', 'The specified upload does not exist.');
    return directory;
  }

  private path(bucket: string, key: string): string {
    if (`${bucket}/${key}`.split('/').some((part) => part === '..' || part === '.')) throw new S3Error(400, 'InvalidArgument', 'The key has a relative part.');
    return join(this.directory, bucket, key);
  }
}

function headOf(found: BigIntStats | undefined): ObjectHead {
  if (!found?.isFile()) throw noSuchKey();
  const etag = [found.ino, found.mtimeNs, found.size].map((part) => part.toString(16)).join('-');
  return { size: Number(found.size), etag: `"${etag}"`, lastModified: found.mtime };
}

function noSuchKey(): S3Error {
  return new S3Error(404, 'NoSuchKey', 'The specified key does not exist.');
}

async function bytesOf(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(end - start + 1);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
  return bytes.subarray(0, bytesRead);
}

async function readWhole(path: string): Promise<Buffer> {
  const file = await open(path).catch(() => { throw new S3Error(400, 'InvalidPart', 'One or more of the specified parts could not be found.'); });
  return file.readFile().finally(() => file.close());
}
