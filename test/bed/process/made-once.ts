import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from './lock';
import { bedPath } from '../paths';

export function digestOf(inputs: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const input of inputs) hash.update(`${input.length} `).update(input);
  return hash.digest('hex').slice(0, 12);
}

/** A directory that is made again only when its inputs change, by one process at a time. */
export async function madeOnce(name: string, inputs: readonly (string | Buffer)[], make: (directory: string) => Promise<void>): Promise<string> {
  const directory = bedPath('cache', `${name}-${digestOf(inputs)}`);
  const complete = join(directory, '.complete');
  if (existsSync(complete)) return directory;
  return withLock(name, async () => {
    if (existsSync(complete)) return directory;
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    await make(directory);
    await writeFile(complete, '');
    return directory;
  });
}
