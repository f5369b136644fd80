import { readdirSync } from 'node:fs';
import { temporaryDirectory } from '../../../../temporary-directory';
import { duckdbExtensions } from '../../command';
import { startMirror } from '../../mirror';

/** A version whose libduckdb is not installed here, so that npm is asked for it. */
const OTHER_VERSION = '1.5.3';

describe('a signal that ends the command', () => {
  it.each<[NodeJS.Signals, number]>([['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]])('leaves nothing in the temporary directory: %s', async (signal, code) => {
    const temporary = temporaryDirectory();
    let asked = () => {};
    const killAfter = new Promise<void>((resolve) => { asked = resolve; });
    const registry = await startMirror({ '/@duckdb%2fnode-bindings-linux-x64': () => asked() });

    const outcome = await duckdbExtensions(['install', '--version', OTHER_VERSION, '--platform', 'linux_amd64', '--target', temporaryDirectory(), 'httpfs'], {
      env: { TMPDIR: temporary, npm_config_registry: registry.url, npm_config_cache: temporaryDirectory() }, killAfter, signal,
    });

    expect(outcome.code).toBe(code);
    expect(readdirSync(temporary)).toEqual([]);
  });
});
