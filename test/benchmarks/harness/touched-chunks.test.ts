import { closeSync, fsyncSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { touchedChunks } from '../../../benchmarks/harness/touched-chunks';
import { run } from '../../bed';
import { linux } from '../../bed/availability';
import { describeIf } from '../../bed/require';
import { temporaryDirectory } from '../../temporary-directory';

const CHUNK = 512 * 1024;
const EVICT = 'import os, sys; f = os.open(sys.argv[1], os.O_RDONLY); os.posix_fadvise(f, 0, 0, os.POSIX_FADV_DONTNEED)';

// Elsewhere the page cache cannot be emptied file by file.
describeIf(linux, 'the page cache of Linux', () => {
  test('counts the chunks of which any page is in the page cache', async () => {
    const file = join(temporaryDirectory(), 'chunks');
    writeFileSync(file, Buffer.alloc(100 * CHUNK + 1, 'x'));
    expect(await touchedChunks(file)).toBe(101);

    const descriptor = openSync(file, 'r+');
    fsyncSync(descriptor);
    await run('python3', ['-c', EVICT, file]);
    expect(await touchedChunks(file)).toBe(0);

    // At the file's end there is nothing to read ahead.
    readSync(descriptor, Buffer.alloc(1), 0, 1, 100 * CHUNK);
    closeSync(descriptor);
    expect(await touchedChunks(file)).toBe(1);
  });

  test('small files of a directory lie side by side in a chunk', async () => {
    const directory = temporaryDirectory();
    for (const name of ['a', 'b', 'c']) writeFileSync(join(directory, name), name);
    expect(await touchedChunks(directory)).toBe(1);
    writeFileSync(join(directory, 'd'), Buffer.alloc(CHUNK));
    expect(await touchedChunks(directory)).toBe(2);
    expect(await touchedChunks(directory, join(directory, 'd'))).toBe(3);
  });
});
