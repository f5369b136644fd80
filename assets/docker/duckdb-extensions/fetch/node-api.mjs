import { createRequire } from 'node:module';
import { join } from 'node:path';
import { npm } from './npm.mjs';
import { platformFacts } from '../store/platforms.mjs';

/** The version of DuckDB in the client installed where the command runs. */
export function installedVersion() {
  try {
    return createRequire(join(process.cwd(), 'package.json'))('@duckdb/node-api/package.json').version.split('-')[0];
  } catch (error) {
    throw new Error('which version of DuckDB? @duckdb/node-api is not installed here: name it with --version', { cause: error });
  }
}

/** npm's range for the client's releases with one version of DuckDB: `1.5.5-r.1` and so on. */
export function releasesOf(version) {
  return `>=${version}-0 <${version}`;
}

/**
 * Version and integrity of DuckDB's client for Node.js: `{ name: { version, integrity } }` of the packages for all platforms.
 *
 * `pinned` are the packages already known. All have the same version: `nodeApi`, that of `pinned`, or the newest with this DuckDB.
 */
export async function nodeApiPackages({ version, nodeApi, platforms, pinned }) {
  if (nodeApi && !(/^[\d.]+-r\.\d+$/.test(nodeApi) && nodeApi.startsWith(`${version}-`))) {
    throw new Error(`"${nodeApi}" is not a version of @duckdb/node-api with DuckDB ${version}: expected one such as ${version}-r.1`);
  }
  const names = ['@duckdb/node-api', '@duckdb/node-bindings', ...platforms.map((platform) => `@duckdb/node-bindings-${platformFacts(platform).npm}`)];
  const known = Object.values(pinned)[0]?.version;
  if (nodeApi && known && nodeApi !== known) {
    throw new Error(`the lock file pins @duckdb/node-api ${known}, not ${nodeApi}; change it with --update`);
  }
  const wanted = nodeApi ?? known ?? await newest(version);
  const packages = { ...pinned };
  for (const name of names) packages[name] ??= await look(name, wanted);
  return packages;
}

async function newest(version) {
  const found = await npm('view', `@duckdb/node-api@${releasesOf(version)}`, 'version');
  return [found].flat().at(-1);
}

async function look(name, version) {
  return { version, integrity: await npm('view', `${name}@${version}`, 'dist.integrity') };
}
