/** A package, as the lock file of a handler's project pins it. */
export interface LockedPackage {
  /** Distinguishes the package from others of the same name and version. */
  readonly id: string;
  /** The name in the registry, if the project uses another name. */
  readonly registryName?: string;
  readonly version: string;
  /** Whether a registry has this exact package. False for a folder, a repository, or a patched package. */
  readonly fromRegistry: boolean;
  /** The entry in npm's own lock file. */
  readonly npmEntry: NpmEntry;
  /** Dependencies by name, without optional ones. */
  readonly dependencies: string[];
  /** Dependencies that are installed only on a suitable platform. */
  readonly optionalDependencies: string[];
  /** Dependencies that the dependent package must install. */
  readonly peerDependencies: string[];
}

/** The fields of an entry of npm's lock file that matter for an installation. */
export interface NpmEntry {
  readonly version?: string;
  readonly [key: string]: unknown;
}

/** The lock file of a handler's project. */
export interface ProjectLock {
  /** Whether its entries name a package's platforms, as npm's do. */
  readonly knowsPlatforms: boolean;
  /** The package that code in the (absolute) directory gets under the name; undefined if the lock file does not say, or is ambiguous. */
  packageOf(directory: string, name: string): LockedPackage | undefined;
  /** The package that another package gets under the name. */
  dependencyOf(parent: LockedPackage, name: string): LockedPackage | undefined;
}
