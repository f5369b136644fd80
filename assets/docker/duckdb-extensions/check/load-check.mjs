import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const TIME_LIMIT_MS = 120_000;

/** The signature check is on and nothing is downloaded: an extension that LOADs here also LOADs in the image. */
const SCRIPT = `
  const [client, directory, ...names] = process.argv.slice(1);
  const { DuckDBInstance } = await import(client);
  const instance = await DuckDBInstance.create(':memory:', {
    extension_directory: directory, autoinstall_known_extensions: 'false', autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  for (const name of names) {
    try {
      await connection.run('LOAD ' + name);
    } catch (error) {
      console.error(name + ': LOAD failed: ' + error.message.split('\\n')[0]);
      process.exit(1);
    }
  }
`;

/** LOADs extensions with the DuckDB client of a directory, in a separate process, so that a crash can be reported. */
export async function loadExtensions(names, { target, client, environment }) {
  const module = createRequire(join(client, 'package.json')).resolve('@duckdb/node-api');
  try {
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', SCRIPT, pathToFileURL(module).href, target, ...names],
      { env: { ...process.env, ...environment }, timeout: TIME_LIMIT_MS });
  } catch (error) {
    const said = error.stderr?.trim().split('\n').pop();
    throw new Error(said || `${names.join(', ')}: LOAD ended with ${error.signal ?? error.code}`, { cause: error });
  }
}
