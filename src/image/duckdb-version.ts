import * as path from 'path';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { installedPackage } from '../node-modules/installed-package';
import { readProjectLock } from '../node-modules/project-lock';
import { TESTED } from '../tested-versions';

/** The version for images whose handler's project does not name a version of `@duckdb/node-api`. */
export const DEFAULT_NODE_API_VERSION = TESTED.client;

/** The package of DuckDB's client. */
export const CLIENT = '@duckdb/node-api';

/** The sources of the client's version in the image. */
export interface NodeApiVersionSources {
  /** The prop of the same name. */
  readonly nodeApiVersion?: string;
  /** The handler's source file; undefined if the handler is not the user's. */
  readonly entry?: string;
  /** The lock file of the handler's project, if it has one. */
  readonly lockFile?: string;
  /** The version that the prop lockFile pins, if the prop is given. */
  readonly pinned?: string;
}

/**
 * The exact version of `@duckdb/node-api` for the image.
 *
 * Extensions are built for one version of DuckDB. So all sources that name a version must name the same version: the props, the lock file, and the
 * client that is installed beside the handler.
 */
export function resolveNodeApiVersion(sources: NodeApiVersionSources): string {
  if (sources.nodeApiVersion !== undefined) expectExact(sources.nodeApiVersion);
  const found = [
    { where: 'the prop nodeApiVersion', version: sources.nodeApiVersion },
    { where: 'the prop lockFile', version: sources.pinned },
    { where: sources.lockFile ?? '', version: lockedVersion(sources) },
    installedVersion(sources),
  ].filter((source): source is { where: string; version: string } => source?.version !== undefined);

  const version = found[0]?.version ?? DEFAULT_NODE_API_VERSION;
  if (found.some((source) => source.version !== version)) {
    throw new Error(`the versions of ${CLIENT} differ: `
      + found.map((source) => `${source.where} says ${source.version}`).join(', ')
      + '; install one version in the handler\'s project, and do not name another in the props');
  }
  expectExact(version);
  return version;
}

function expectExact(version: string): void {
  if (/^\d+\.\d+\.\d+-r\.\d+$/.test(version)) return;
  throw new Error(`nodeApiVersion "${version}" is not an exact version of ${CLIENT}: expected one such as "${DEFAULT_NODE_API_VERSION}"; `
    + 'a range or a tag would change the image from build to build');
}

/** DuckDB's own version: `1.5.5` for the client `1.5.5-r.5`. */
export function duckdbVersionOf(nodeApiVersion: string): string {
  return nodeApiVersion.replace(/-r\.\d+$/, '');
}

/** DuckDB's name of the platform for which its files are built. */
export function duckdbPlatform(architecture: Architecture): string {
  return architecture.name === Architecture.ARM_64.name ? 'linux_arm64' : 'linux_amd64';
}

/** The version that a lock file of npm, yarn or pnpm pins for the entry; undefined if the file does not say, or is ambiguous. */
function lockedVersion({ lockFile, entry }: NodeApiVersionSources): string | undefined {
  if (lockFile === undefined || entry === undefined) return undefined;
  return readProjectLock(lockFile)?.packageOf(path.dirname(entry), CLIENT)?.version;
}

function installedVersion({ entry }: NodeApiVersionSources): { where: string; version: string } | undefined {
  const installed = entry === undefined ? undefined : installedPackage(path.dirname(entry), CLIENT);
  return installed && { where: installed.manifest, version: installed.version };
}
