import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { extensionNames, settingNames } from './duckdb-names';
import { changes, MENTIONS, renamed } from './version-changes';
import type { TestedVersions } from '../src/tested-versions';

const ROOT = join(__dirname, '..');
const TABLE = join(ROOT, 'assets/docker/versions.json');
const INSTALLER = join(ROOT, 'assets/docker/install-extensions.mjs');

/** This machine's platform, as DuckDB names it. */
const THIS_MACHINE = `${process.platform === 'darwin' ? 'osx' : process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`;

/** Functions may have either of Lambda's architectures; this machine LOADs the extensions. */
const PLATFORMS = [...new Set(['linux_amd64', 'linux_arm64', THIS_MACHINE])];

/** Files with the versions of their time, and files that projen writes. */
const OF_THEIR_TIME = ['CHANGELOG.md', 'docs/cold-start.md', 'benchmarks/results', 'test/fixtures', 'test/*.snapshot/*', 'package*.json', '.projen', 'API.md'];

/** `npm run update-duckdb -- VERSION`: makes a release of `@duckdb/node-api` the tested one. */
async function main([client, ...rest]: string[]): Promise<void> {
  if (!/^\d+\.\d+\.\d+-r\.\d+$/.test(client ?? '') || rest.length > 0) {
    throw new Error(`"${[client, ...rest].join(' ')}" is not an exact version of @duckdb/node-api: expected one such as 1.5.5-r.5, `
      + 'as in npm run update-duckdb -- 1.5.5-r.5');
  }
  const { versions, notLoaded } = await ask(client);
  report(write(versions), versions, notLoaded);
}

/** The table of a client's versions and names, read from the client itself. */
async function ask(client: string): Promise<{ versions: TestedVersions; notLoaded: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'update-duckdb-'));
  try {
    return await askIn(folder, client);
  } catch (error) {
    throw new Error(`nothing was written: ${(error as Error).message}`, { cause: error });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function askIn(folder: string, client: string): Promise<{ versions: TestedVersions; notLoaded: string[] }> {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  run('npm', ['install', '--loglevel=error', '--ignore-scripts', '--no-audit', '--no-fund', `@duckdb/node-api@${client}`], folder, `npm cannot install @duckdb/node-api ${client}`);
  const api = createRequire(join(folder, 'package.json'))('@duckdb/node-api');
  const { duckdb, extensions } = await extensionNames(api);
  if (!client.startsWith(`${duckdb}-r.`)) throw new Error(`@duckdb/node-api ${client} contains DuckDB ${duckdb}: expected the version with which the client's own version begins`);
  for (const platform of PLATFORMS) {
    console.log(`Fetching the extensions of DuckDB ${duckdb} for ${platform} …`);
    // For motherduck, the wrapper is enough. It is not loaded, because that downloads the rest.
    run(process.execPath, [INSTALLER, 'install', '--version', duckdb, '--platform', platform, '--target', join(folder, platform), '--source', 'pypi',
      '--allow-download', '--motherduck-version-url', 'http://127.0.0.1:1', ...extensions.core], folder, `PyPI lacks extensions of DuckDB ${duckdb}`);
  }
  const { settings, notLoaded } = await settingNames(api, join(folder, THIS_MACHINE), extensions.core.filter((name) => name !== 'motherduck'));
  return { versions: { client, duckdb, extensions, settings }, notLoaded };
}

function run(command: string, args: string[], cwd: string, failure: string): void {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: Infinity });
  if (status !== 0) throw new Error(`${failure}\n${error?.message ?? stderr.trim()}`);
}

/** Replaces the table, and returns the previous one. */
function write(versions: TestedVersions): TestedVersions {
  const before: TestedVersions = JSON.parse(readFileSync(TABLE, 'utf8'));
  writeFileSync(TABLE, `${JSON.stringify(versions, undefined, 2)}\n`);
  for (const file of MENTIONS.map((name) => join(ROOT, name))) writeFileSync(file, renamed(readFileSync(file, 'utf8'), before, versions));
  return before;
}

function report(before: TestedVersions, after: TestedVersions, notLoaded: string[]): void {
  const changed = changes(before, after);
  console.log(changed.length > 0 ? `Written: assets/docker/versions.json, and the versions in ${MENTIONS.join(', ')}.\n` : 'Nothing differs.\n');
  for (const line of changed) console.log(line);
  console.log(`\nTo look at by hand:\n${byHand(before, after, notLoaded).map((line) => `- ${line}`).join('\n')}`);
}

/** Changes that no table shows. */
function byHand(before: TestedVersions, after: TestedVersions, notLoaded: string[]): string[] {
  return [
    'npx projen installs the client; npx projen build, and npx projen test:update for the snapshots, must leave no other difference behind',
    'npx projen test -- test/lib-runtime: the words of DuckDB\'s errors that lib-runtime/diagnosis goes by, and what its values become',
    'npx projen test -- test/assets/docker test/e2e: what extensions depend on (assets/docker/extension-dependencies.json), and the image',
    'src/checks/duckdb-settings.ts: which of the new settings hold a secret, or undo what the runtime locks (RESERVED)',
    'docs/cold-start.md: its figures are for the version that it names; npm run bench measures again',
    ...notLoaded.map((line) => `not loaded, so its settings are not in the table: ${line}`),
    ...(before.duckdb === after.duckdb ? [] : [`what still names DuckDB ${before.duckdb}, examples and made-up cases among it:\n  ${filesWith(before.duckdb).join('\n  ')}`]),
  ];
}

function filesWith(text: string): string[] {
  const exclude = OF_THEIR_TIME.map((path) => `:!${path}`);
  return spawnSync('git', ['grep', '--fixed-strings', '--files-with-matches', text, '--', ...exclude], { cwd: ROOT, encoding: 'utf8' }).stdout.trim().split('\n');
}

main(process.argv.slice(2)).catch(({ message }) => {
  console.error(`update-duckdb: ${message}`);
  process.exitCode = 1;
});
