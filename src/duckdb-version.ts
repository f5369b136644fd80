import * as fs from 'fs';
import { createRequire } from 'module';
import * as path from 'path';
import { Architecture } from 'aws-cdk-lib/aws-lambda';

/** The version of `@duckdb/node-api` that this library is tested with, and the default where the handler's project names none. */
export const DEFAULT_NODE_API_VERSION = '1.5.5-r.5';

const CLIENT = '@duckdb/node-api';

/** What decides the version of the client in the image. */
export interface NodeApiVersionSources {
  /** The prop of the same name. */
  readonly nodeApiVersion?: string;
  /** The handler's source file. */
  readonly entry: string;
  /** The lock file of the handler's project, if it has one. */
  readonly lockFile?: string;
  /** What the prop lockFile pins, if it is given. */
  readonly pinned?: string;
}

/**
 * The exact version of `@duckdb/node-api` for the image.
 *
 * Extensions are built for one version of DuckDB, so all who name a version must name the same:
 * the props, the lock file, and what is installed beside the handler.
 */
export function resolveNodeApiVersion(sources: NodeApiVersionSources): string {
  const found = [
    { where: 'the prop nodeApiVersion', version: sources.nodeApiVersion },
    { where: 'the prop lockFile', version: sources.pinned },
    { where: sources.lockFile ?? '', version: sources.lockFile && lockedVersion(sources.lockFile, sources.entry) },
    installedVersion(sources.entry),
  ].filter((source): source is { where: string; version: string } => source?.version !== undefined);

  const version = found[0]?.version ?? DEFAULT_NODE_API_VERSION;
  if (found.some((source) => source.version !== version)) {
    throw new Error(`the versions of ${CLIENT} differ: `
      + found.map((source) => `${source.where} says ${source.version}`).join(', ')
      + '; install one version in the handler\'s project, and let the props name no other');
  }
  if (!/^\d+\.\d+\.\d+-r\.\d+$/.test(version)) {
    throw new Error(`nodeApiVersion "${version}" is no exact version of ${CLIENT}: expected one such as "${DEFAULT_NODE_API_VERSION}"`);
  }
  return version;
}

/** DuckDB's own version: `1.5.5` for the client `1.5.5-r.5`. */
export function duckdbVersionOf(nodeApiVersion: string): string {
  return nodeApiVersion.replace(/-r\.\d+$/, '');
}

/** DuckDB's name of the platform that its files are built for. */
export function duckdbPlatform(architecture: Architecture): string {
  return architecture.name === Architecture.ARM_64.name ? 'linux_arm64' : 'linux_amd64';
}

/** What the lock file of npm, yarn or pnpm pins for the entry, or undefined where it does not say, or not unmistakably. */
function lockedVersion(lockFile: string, entry: string): string | undefined {
  const text = fs.readFileSync(lockFile, 'utf8').replace(/\r\n/g, '\n');
  switch (path.basename(lockFile)) {
    case 'package-lock.json':
    case 'npm-shrinkwrap.json':
      return lockedByNpm(lockFile, text, entry);
    case 'yarn.lock':
      return theOnly(text.matchAll(/^"?@duckdb\/node-api@[^\n]*:\n\s+version:? "?([^"\s]+)/gm));
    case 'pnpm-lock.yaml':
      return theOnly(text.matchAll(/^\s+'?\/?@duckdb\/node-api[@/]([^':(\s]+)/gm));
    default:
      return undefined;
  }
}

function lockedByNpm(lockFile: string, text: string, entry: string): string | undefined {
  let content: { packages?: { [place: string]: { version: string } }; dependencies?: { [name: string]: { version: string } } };
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new Error(`cannot read ${lockFile}: ${(error as Error).message}; npm install writes it anew`);
  }
  const root = path.dirname(lockFile);
  // As Node.js looks for a package: in the node_modules of the entry's folder and of each above it.
  for (let folder = path.dirname(entry); !path.relative(root, folder).startsWith('..'); folder = path.dirname(folder)) {
    const place = path.posix.join(path.relative(root, folder).split(path.sep).join('/'), 'node_modules', CLIENT);
    const found = content.packages?.[place];
    if (found) return found.version;
    if (folder === root) break;
  }
  return content.dependencies?.[CLIENT]?.version;
}

/** The version of all matches; undefined where there are several: then what is installed beside the handler tells. */
function theOnly(matches: Iterable<RegExpMatchArray>): string | undefined {
  const versions = new Set([...matches].map((match) => match[1]));
  return versions.size === 1 ? [...versions][0] : undefined;
}

function installedVersion(entry: string): { where: string; version: string } | undefined {
  try {
    const where = createRequire(entry).resolve(`${CLIENT}/package.json`);
    return { where, version: JSON.parse(fs.readFileSync(where, 'utf8')).version };
  } catch {
    return undefined;
  }
}
