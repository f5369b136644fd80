import { join } from 'node:path';
import { run } from '../../test/bed';

/** How many 512-KiB chunks hold a page that is in the page cache, if the files at and under `paths` lay one after the other. */
export async function touchedChunks(...paths: readonly string[]): Promise<number> {
  const { stdout } = await run('python3', [join(__dirname, 'touched.py'), ...paths]);
  return Number(stdout);
}
