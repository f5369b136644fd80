/** A package as the lock file of a handler's project pins it. */
export interface LockedPackage {
  /** Tells it from others of the same name and version. */
  readonly id: string;
  /** The name in the registry, where the project has it under another. */
  readonly registryName?: string;
  readonly version: string;
  /** Whether a registry has it as it is, unlike a folder, a repository, or what the project has patched. */
  readonly fromRegistry: boolean;
  /** What npm's own lock file says of it. */
  readonly npmEntry: NpmEntry;
  /** By name; without those that may be missing. */
  readonly dependencies: string[];
  /** Those that are installed only where they fit the platform. */
  readonly optionalDependencies: string[];
  /** Those that whoever depends on it has to bring. */
  readonly peerDependencies: string[];
}

/** An entry of npm's lock file, with what matters to an installation. */
export interface NpmEntry {
  readonly version?: string;
  readonly [key: string]: unknown;
}

/** The lock file of a handler's project. */
export interface ProjectLock {
  /** Whether its entries say for which platforms a package is made, as npm's do. */
  readonly knowsPlatforms: boolean;
  /** What code in the directory, absolute, gets by the name; undefined where the lock file does not say, or not unmistakably. */
  packageOf(directory: string, name: string): LockedPackage | undefined;
  /** What a package gets by the name. */
  dependencyOf(parent: LockedPackage, name: string): LockedPackage | undefined;
}
