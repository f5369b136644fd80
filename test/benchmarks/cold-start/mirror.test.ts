import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { startMirror } from '../../../benchmarks/cold-start/mirror';
import { DUCKDB_VERSION, extensionFile, PLATFORM } from '../../lib-runtime/signed-extensions';
import { temporaryDirectory } from '../../temporary-directory';

test('serves extensions in the layout of DuckDB\'s own repository, compressed, and nothing else', async () => {
  const directory = temporaryDirectory();
  mkdirSync(dirname(extensionFile(directory, 'tea')), { recursive: true });
  writeFileSync(extensionFile(directory, 'tea'), 'leaves');
  const mirror = await startMirror(directory, ['tea']);
  try {
    const ask = (name: string) => fetch(`http://127.0.0.1:${new URL(mirror.url).port}/v${DUCKDB_VERSION}/${PLATFORM}/${name}.duckdb_extension.gz`);
    const served = new Response((await ask('tea')).body!.pipeThrough(new DecompressionStream('gzip')));
    expect(await served.text()).toBe('leaves');
    expect((await ask('coffee')).status).toBe(404);
  } finally {
    await mirror.stop();
  }
});
