import * as path from 'path';
import { LockedPackage, NpmEntry, ProjectLock } from './project-lock';

interface Entry extends NpmEntry {
  readonly name?: string;
  readonly version?: string;
  readonly link?: boolean;
  readonly resolved?: string;
  readonly dependencies?: { [name: string]: string };
  readonly optionalDependencies?: { [name: string]: string };
  readonly peerDependencies?: { [name: string]: string };
  readonly peerDependenciesMeta?: { [name: string]: { optional?: boolean } };
}

/** The fields of an entry that say how it came into its project. */
const PROJECT_FLAGS = ['dev', 'devOptional', 'optional', 'peer', 'extraneous', 'inBundle'];

/** package-lock.json lists each package by the place where it is installed. */
export class NpmLock implements ProjectLock {
  public readonly knowsPlatforms = true;
  private readonly entries: { [place: string]: Entry };

  constructor(text: string, private readonly root: string) {
    const content: { packages?: { [place: string]: Entry }; dependencies?: { [name: string]: { version: string } } } = JSON.parse(text);
    // npm 6 did not write places: its entries are in the root's own node_modules.
    this.entries = content.packages
      ?? Object.fromEntries(Object.entries(content.dependencies ?? {}).map(([name, entry]) => [`node_modules/${name}`, entry]));
  }

  public packageOf(directory: string, name: string): LockedPackage | undefined {
    const folder = path.relative(this.root, directory).split(path.sep).join('/');
    // The user may name a lock file elsewhere. Its root then represents the handler's project.
    return this.find(folder.startsWith('..') ? '' : folder, name);
  }

  public dependencyOf(parent: LockedPackage, name: string): LockedPackage | undefined {
    return this.find(parent.id, name);
  }

  /** Searches like Node.js: in the node_modules of a folder and of each parent. */
  private find(folder: string, name: string): LockedPackage | undefined {
    for (let above = folder === '' ? '.' : folder; ; above = path.posix.dirname(above)) {
      const place = path.posix.join(above, 'node_modules', name);
      if (path.posix.basename(above) !== 'node_modules' && this.entries[place]) return locked(place, this.entries[place]);
      if (above === '.') return undefined;
    }
  }
}

function locked(id: string, entry: Entry): LockedPackage {
  const optional = Object.keys(entry.optionalDependencies ?? {});
  return {
    id,
    registryName: entry.name,
    version: entry.version ?? '',
    fromRegistry: !entry.link && !/^(?:file|git)/.test(entry.resolved ?? ''),
    npmEntry: Object.fromEntries(Object.entries(entry).filter(([key]) => !PROJECT_FLAGS.includes(key))),
    dependencies: Object.keys(entry.dependencies ?? {}).filter((name) => !optional.includes(name)),
    optionalDependencies: optional,
    peerDependencies: Object.keys(entry.peerDependencies ?? {}).filter((name) => !entry.peerDependenciesMeta?.[name]?.optional),
  };
}
