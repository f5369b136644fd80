import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { run } from '../../test/bed';

const SWITCH = '/proc/sys/vm/drop_caches';

/** Why the page cache cannot be emptied here; undefined if it can. */
export function whyNoColdCache(): string | undefined {
  try {
    accessSync(SWITCH, constants.W_OK);
    return undefined;
  } catch {
    return 'the page cache can be emptied only as root on Linux';
  }
}

/** Empties the page cache, except the files in `keep`. Pages that a running process has mapped stay. */
export async function dropPageCache(keep: readonly string[] = []): Promise<void> {
  await run('sync', []);
  writeFileSync(SWITCH, '3');
  for (const file of keep) readFileSync(file);
}
