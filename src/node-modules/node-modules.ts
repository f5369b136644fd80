import * as fs from 'fs';
import { createRequire } from 'module';
import * as path from 'path';
import { npmVersion, NpmTree, onlyBundled } from './npm-tree';
import { LockedPackage, readProjectLock } from './project-lock';

/** The project that decides the packages' versions. */
export interface NodeModulesProps {
  /** The handler's source file. */
  readonly entry: string;
  /** The lock file of the handler's project, if it has one. */
  readonly depsLockFile?: string;
}

/** The packages that every image contains. */
const IN_IMAGE = /^(?:cdk-duckdb-lambda|@duckdb\/.*)$/;

/** A package name without a version and without a path. */
const PACKAGE_NAME = /^(?:@[^@/\\\s]+\/)?[^@/\\\s]+$/;

/**
 * Writes the package.json and the package-lock.json from which npm installs the packages. Only npm is in every Node.js image and can install
 * for other platforms than its own. Versions that yarn or pnpm pinned are pinned there too.
 *
 * The files contain only what the packages need, so that the image's layer stays when the project adds other packages.
 */
export function stageNodeModules(names: string[], props: NodeModulesProps, target: string): void {
  const lock = props.depsLockFile === undefined ? undefined : readProjectLock(props.depsLockFile);
  const roots = new Map(names.map((name) => [name, lock?.packageOf(path.dirname(props.entry), name)]));
  const dependencies = Object.fromEntries(names.map((name) => [name, versionOf(name, roots.get(name), props)]));
  const manifest: { [key: string]: unknown } = { private: true, dependencies };
  fs.mkdirSync(target);
  if (lock && names.every((name) => roots.get(name))) {
    const tree = new NpmTree(lock);
    roots.forEach((locked, name) => tree.addRoot(name, locked!));
    Object.assign(dependencies, tree.complete());
    manifest.overrides = tree.versions();
    writeJson(path.join(target, 'package-lock.json'), {
      // With a lock file of version 1, npm asks the registry for the platforms of packages.
      lockfileVersion: lock.knowsPlatforms ? 3 : 1,
      requires: true,
      packages: { '': manifest, ...tree.packages },
    });
  }
  writeJson(path.join(target, 'package.json'), manifest);
}

/** The version that the lock file pins, else the one installed beside the handler. */
function versionOf(name: string, locked: LockedPackage | undefined, { entry }: NodeModulesProps): string {
  if (!PACKAGE_NAME.test(name)) throw new Error(`bundling.nodeModules lists "${name}", which is not a package name: expected one such as "sharp" or "@node-rs/crc32"`);
  if (IN_IMAGE.test(name)) throw new Error(`bundling.nodeModules lists "${name}", which is always in the image: remove it`);
  const version = locked ? npmVersion(locked) : installedVersion(entry, name);
  if (version === undefined) {
    throw new Error(`bundling.nodeModules lists "${name}", which neither the lock file nor the node_modules of the handler's project has: `
      + `install it with: npm install ${name}`);
  }
  return version;
}

function installedVersion(entry: string, name: string): string | undefined {
  for (const directory of createRequire(entry).resolve.paths(name) ?? []) {
    const manifest = path.join(directory, name, 'package.json');
    if (!fs.existsSync(manifest)) continue;
    // A package of the project's own workspace is a link.
    if (!fs.realpathSync(manifest).includes(`${path.sep}node_modules${path.sep}`)) throw onlyBundled(name);
    return JSON.parse(fs.readFileSync(manifest, 'utf8')).version;
  }
  return undefined;
}

function writeJson(file: string, value: unknown): void {
  fs.writeFileSync(file, JSON.stringify(value, undefined, 2) + '\n');
}
