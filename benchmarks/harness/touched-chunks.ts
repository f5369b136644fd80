import { join } from 'node:path';
import { run } from '../../test/bed';

/** The number of 512-KiB chunks with a page in the page cache, as if the files at and under `paths` were one after the other. */
export async function touchedChunks(...paths: readonly string[]): Promise<number> {
  const { stdout } = await run('python3', [join(__dirname, 'touched.py'), ...paths]);
  return Number(stdout);
}
