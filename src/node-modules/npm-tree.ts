import * as path from 'path';
import { LockedPackage, ProjectLock } from './project-lock';

/** A package of npm's lock file. */
interface Entry {
  [key: string]: unknown;
}

/** Places packages in node_modules folders so that each package gets the versions that are pinned for it. */
export class NpmTree {
  public readonly packages: { [place: string]: Entry } = {};
  private readonly placed = new Map<string, LockedPackage>();
  private readonly queue: { place: string; locked: LockedPackage; optional: boolean }[] = [];
  private readonly peers: { [name: string]: string } = {};

  constructor(private readonly lock: ProjectLock) {}

  public addRoot(name: string, locked: LockedPackage): void {
    this.put(`node_modules/${name}`, locked, false);
  }

  /** Adds the packages' dependencies. Returns the peers that the root must install, with their versions. */
  public complete(): { [name: string]: string } {
    for (let next = this.queue.shift(); next; next = this.queue.shift()) {
      const { place, locked, optional } = next;
      const required = locked.dependencies.map((name) => this.add(name, locked, place, optional));
      const others = locked.optionalDependencies.map((name) => this.add(name, locked, place, true));
      locked.peerDependencies.forEach((name) => {
        const peer = this.add(name, locked, place, optional);
        if (peer && this.placed.get(`node_modules/${name}`)?.id === peer.id) this.peers[name] = npmVersion(peer);
      });
      if (!this.lock.knowsPlatforms) {
        Object.assign(this.packages[place], {
          dependencies: byName(locked.dependencies, required),
          optionalDependencies: byName(locked.optionalDependencies, others),
        });
      }
    }
    return this.peers;
  }

  /** The version of each name that has only one version. A project may have forced it on packages that ask for another. */
  public versions(): { [name: string]: string } {
    const versions = new Map<string, Set<string>>();
    for (const [place, locked] of this.placed) {
      const name = place.replace(/^.*node_modules\//, '');
      versions.set(name, (versions.get(name) ?? new Set()).add(npmVersion(locked)));
    }
    return Object.fromEntries([...versions].filter(([, all]) => all.size === 1).map(([name, [version]]) => [name, version]));
  }

  /** Places a package at the root if the name is free there, otherwise in the folder of the package that depends on it. */
  private add(name: string, parent: LockedPackage, place: string, optional: boolean): LockedPackage | undefined {
    const found = this.lock.dependencyOf(parent, name);
    if (!found) return undefined;
    const visible = this.visibleFrom(place, name);
    if (visible === undefined) {
      this.put(`node_modules/${name}`, found, optional);
    } else if (this.placed.get(visible)!.id !== found.id) {
      this.put(`${place}/node_modules/${name}`, found, optional);
    } else if (!optional && this.packages[visible].optional) {
      // Some packages need it on every platform, so its dependencies are needed too.
      delete this.packages[visible].optional;
      this.queue.push({ place: visible, locked: found, optional });
    }
    return found;
  }

  private visibleFrom(place: string, name: string): string | undefined {
    for (let folder = place; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
      const candidate = path.posix.join(folder, 'node_modules', name);
      if (this.placed.has(candidate)) return candidate;
      if (folder === '') return undefined;
    }
  }

  private put(place: string, locked: LockedPackage, optional: boolean): void {
    if (!locked.fromRegistry) throw onlyBundled(place.replace(/^.*node_modules\//, ''));
    this.placed.set(place, locked);
    this.packages[place] = {
      ...(locked.registryName !== undefined && { name: locked.registryName }),
      ...locked.npmEntry,
      ...(optional && { optional }),
    };
    this.queue.push({ place, locked, optional });
  }
}

function byName(names: string[], packages: (LockedPackage | undefined)[]): { [name: string]: string } {
  return Object.fromEntries(names.flatMap((name, i) => packages[i] ? [[name, npmVersion(packages[i])]] : []));
}

/** The version with which a package.json asks for exactly this package. */
export function npmVersion({ registryName, version }: LockedPackage): string {
  return registryName === undefined ? version : `npm:${registryName}@${version}`;
}

/** Refuses a package that npm would not find, or for which npm would find another under its name. */
export function onlyBundled(name: string): Error {
  return new Error(`bundling.nodeModules includes "${name}", which the project has from a folder, a repository or a patch: `
    + 'only packages from a registry can be installed in the image; let esbuild bundle it');
}
