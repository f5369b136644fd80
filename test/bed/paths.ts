import { join, resolve } from 'node:path';

export const repositoryRoot = resolve(__dirname, '../..');

/** A path under the one directory, git-ignored, that holds everything the test bed writes. */
export const bedPath = (...segments: string[]) => join(repositoryRoot, '.bed', ...segments);
