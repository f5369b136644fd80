import { createGzip } from 'node:zlib';
import type { Reader } from './reader';
import type { PartReader } from './write-lines';

/** Compresses what a reader takes. */
export class GzipReader implements PartReader {
  private readonly gzip = createGzip();
  private readonly compressed: Buffer[] = [];

  constructor(private readonly reader: Reader) {
    this.gzip.on('data', (chunk: Buffer) => this.compressed.push(chunk));
  }

  async take(part: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => this.gzip.write(part, (error) => (error ? reject(error) : resolve())));
    await this.passOn();
  }

  async finish(): Promise<void> {
    await this.end();
    await this.reader.finish();
  }

  async tell(part: string): Promise<void> {
    this.gzip.write(part);
    await this.end().catch(() => undefined);
  }

  private async end(): Promise<void> {
    await new Promise<void>((resolve, reject) => this.gzip.once('end', resolve).once('error', reject).end());
    await this.passOn();
  }

  private async passOn(): Promise<void> {
    for (const chunk of this.compressed.splice(0)) await this.reader.take(chunk);
  }
}
