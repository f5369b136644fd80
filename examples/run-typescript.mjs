// Runs a TypeScript file of this repository. First installs and builds what is missing or out of date.
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Ends this process with the exit code of the file. */
export function runTypeScript(file, ...args) {
  if (!isLink('node_modules') && isOlder('node_modules/.package-lock.json', 'package-lock.json')) run('Installing', 'npm', 'ci', '--no-audit', '--no-fund');
  if (isOlder('runtime/index.mjs', 'lib-runtime')) run('Building the runtime', process.execPath, 'lib-runtime/build.mjs');
  if (isOlder('lib/index.js', 'src')) run('Building the construct', process.execPath, 'node_modules/jsii/bin/jsii', '--silence-warnings=reserved-word');

  const { status } = spawnSync(process.execPath, ['-r', 'ts-node/register/transpile-only', file, ...args],
    { cwd: root, stdio: 'inherit', env: { ...process.env, TS_NODE_PROJECT: 'tsconfig.dev.json' } });
  process.exit(status ?? 1);
}

function run(what, command, ...args) {
  console.log(`${what} …`);
  const { status: code, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (code !== 0) {
    console.error(`${stdout}${stderr}\n${command} ${args.join(' ')} failed`);
    process.exit(1);
  }
}

/** `npm ci` would empty the directory that a link leads to, which may be another work tree's. */
function isLink(path) {
  return lstatSync(join(root, path), { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function isOlder(made, source) {
  return !existsSync(join(root, made)) || statSync(join(root, made)).mtimeMs < newest(join(root, source));
}

function newest(path) {
  const stat = statSync(path);
  return stat.isDirectory() ? Math.max(...readdirSync(path).map((name) => newest(join(path, name)))) : stat.mtimeMs;
}
