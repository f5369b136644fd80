import { join } from 'node:path';
import { run } from '../test/bed';

/** How many of a file's 512-KiB chunks hold a page that is in the page cache. */
export async function touchedChunks(file: string): Promise<number> {
  const { stdout } = await run('python3', [join(__dirname, 'touched.py'), file]);
  return Number(stdout);
}
