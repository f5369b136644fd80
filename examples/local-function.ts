import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { bedPath, run, type SynthesisedFunction } from '../test/bed';

/** Calls the handler until it says to end. Each answer is printed as one line. */
const DRIVER = `
  import(process.argv[1]).then(async (module) => {
    for await (const _ of require('node:readline').createInterface({ input: process.stdin })) {
      const answer = await module[process.argv[2]]({}).then((rows) => ({ rows }), (error) => ({ error: String(error) }));
      console.log('answer ' + JSON.stringify(answer));
    }
  });`;

/** Runs a function's bundled handler in a plain Node.js process, with the extensions of the image in a directory of this machine. */
export async function runInProcess<T>(
  { context, command, environment }: SynthesisedFunction,
  aws: Record<string, string>,
  use: (invoke: () => Promise<unknown>, logs: () => Promise<string>) => Promise<T>,
): Promise<T> {
  const { extensions } = JSON.parse(environment.DUCKDB_LAMBDA_CONFIG);
  const [module, handler] = command[0].split('.');
  const file = ['mjs', 'cjs'].map((ending) => join(context, 'handler', `${module}.${ending}`)).find(existsSync)!;
  const child = spawn(process.execPath, ['-e', DRIVER, file, handler], {
    env: {
      ...process.env, ...environment, ...aws, AWS_LAMBDA_FUNCTION_NAME: 'function', DUCKDB_EXTENSIONS_DIR: await installExtensions(extensions),
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const invoke = async () => {
    child.stdin.write('\n');
    for (;;) {
      const { value, done } = await answers.next();
      if (done) throw new Error('the handler\'s process ended without an answer');
      if (!value.startsWith('answer ')) {
        lines.push(value);
        continue;
      }
      const { rows, error } = JSON.parse(value.slice('answer '.length));
      if (error) throw new Error(error);
      return rows;
    }
  };
  try {
    return await use(invoke, async () => lines.join('\n'));
  } finally {
    child.stdin.end();
  }
}

/** A directory with extensions, from DuckDB's repository or, where only package registries can be reached, from PyPI. */
export async function installExtensions(extensions: readonly string[]): Promise<string> {
  const target = bedPath('demo', 'extensions');
  const install = (source: string) => run(process.execPath,
    [join(__dirname, '..', 'assets', 'docker', 'install-extensions.mjs'), 'install', '--target', target, '--source', source, ...extensions]);
  await install('core').catch(() => install('pypi'));
  return target;
}
