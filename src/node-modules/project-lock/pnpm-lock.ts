import * as path from 'path';
import { IndentedText, mapAt, parseIndented, textAt } from './indented-text';
import { LockedPackage, ProjectLock } from './project-lock';

const DEPENDENCY_KINDS = ['dependencies', 'optionalDependencies', 'devDependencies'];

/** pnpm-lock.yaml, of pnpm 8 and later, lists each package by name and version, and the packages of each project of a workspace. */
export class PnpmLock implements ProjectLock {
  public readonly knowsPlatforms = false;
  private readonly projects: IndentedText;
  private readonly packages: IndentedText;
  private readonly snapshots: IndentedText;

  constructor(text: string, private readonly root: string) {
    const content = parseIndented(text);
    this.projects = content.importers ? mapAt(content, 'importers') : { '.': content };
    this.packages = withoutSlashes(mapAt(content, 'packages'));
    // pnpm 8 wrote the dependencies beside the other fields.
    this.snapshots = content.snapshots ? mapAt(content, 'snapshots') : this.packages;
  }

  public packageOf(directory: string, name: string): LockedPackage | undefined {
    for (let folder = directory; !path.relative(this.root, folder).startsWith('..'); folder = path.dirname(folder)) {
      const project = mapAt(this.projects, path.relative(this.root, folder).split(path.sep).join('/') || '.');
      const kind = DEPENDENCY_KINDS.find((each) => mapAt(project, each)[name] !== undefined);
      const version = kind && textAt(mapAt(mapAt(project, kind), name), 'version');
      if (version) return this.find(name, version);
      if (folder === path.dirname(folder)) break;
    }
    return this.onlyOne(name);
  }

  public dependencyOf(parent: LockedPackage, name: string): LockedPackage | undefined {
    const snapshot = mapAt(this.snapshots, parent.id);
    const reference = textAt(mapAt(snapshot, 'dependencies'), name) ?? textAt(mapAt(snapshot, 'optionalDependencies'), name);
    return reference === undefined ? undefined : this.find(name, reference);
  }

  /** A reference is a version, or the name with the version if the name is an alias. */
  private find(name: string, reference: string): LockedPackage | undefined {
    if (/^(?:link|file):/.test(reference)) return this.locked(name, `${name}@${reference}`);
    const plain = reference.replace(/^\//, '');
    const id = /^@?[^@(]+@/.test(plain) ? plain : `${name}@${plain}`;
    return this.locked(name, id);
  }

  private onlyOne(name: string): LockedPackage | undefined {
    const found = Object.keys(this.snapshots).filter((id) => partsOf(id).name === name);
    return new Set(found.map((id) => partsOf(id).version)).size === 1 ? this.locked(name, found[0]) : undefined;
  }

  private locked(name: string, id: string): LockedPackage {
    const { name: registryName, version } = partsOf(id);
    const entry = mapAt(this.packages, this.packages[id] ? id : withoutPeers(id));
    const [integrity] = textAt(entry, 'resolution')?.match(/(?<=integrity: )[^,}]+/) ?? [];
    const snapshot = mapAt(this.snapshots, id);
    const peers = Object.keys(mapAt(entry, 'peerDependencies'));
    const dependencies = Object.keys(mapAt(snapshot, 'dependencies'));
    return {
      id,
      registryName: registryName === name ? undefined : registryName,
      version,
      fromRegistry: /^\d/.test(version) && !id.includes('patch_hash='),
      npmEntry: { version, ...(integrity && { integrity }) },
      // These include the peers that the package gets.
      dependencies: dependencies.filter((each) => !peers.includes(each)),
      optionalDependencies: Object.keys(mapAt(snapshot, 'optionalDependencies')),
      peerDependencies: dependencies.filter((each) => peers.includes(each)),
    };
  }
}

function partsOf(id: string): { name: string; version: string } {
  const plain = withoutPeers(id);
  const at = plain.indexOf('@', 1);
  return { name: plain.slice(0, at), version: plain.slice(at + 1) };
}

/** `name@1.0.0` of `name@1.0.0(peer@2.0.0)`. */
function withoutPeers(id: string): string {
  return id.replace(/\(.*$/, '');
}

function withoutSlashes(packages: IndentedText): IndentedText {
  return Object.fromEntries(Object.entries(packages).map(([id, content]) => [id.replace(/^\//, ''), content]));
}
