import * as fs from 'fs';
import * as path from 'path';
import { IndentedText, mapAt, parseIndented, textAt, unquoted } from './indented-text';
import { LockedPackage, ProjectLock } from './project-lock';

const DEPENDENCY_KINDS = ['dependencies', 'optionalDependencies', 'devDependencies', 'peerDependencies'];

/** yarn.lock, of yarn 1 and later, lists each package by the ranges that ask for it. */
export class YarnLock implements ProjectLock {
  public readonly knowsPlatforms = false;
  private readonly entries: IndentedText;
  private readonly ids = new Map<string, string>();

  constructor(text: string, private readonly root: string) {
    this.entries = parseIndented(text);
    for (const id of Object.keys(this.entries)) {
      for (const descriptor of id.split(/, */)) this.ids.set(withoutProtocol(unquoted(descriptor)), id);
    }
  }

  public packageOf(directory: string, name: string): LockedPackage | undefined {
    const range = this.declaredRange(directory, name);
    return (range === undefined ? undefined : this.find(name, range)) ?? this.onlyOne(name);
  }

  public dependencyOf(parent: LockedPackage, name: string): LockedPackage | undefined {
    const entry = mapAt(this.entries, parent.id);
    const range = textAt(mapAt(entry, 'dependencies'), name) ?? textAt(mapAt(entry, 'optionalDependencies'), name)
      ?? textAt(mapAt(entry, 'peerDependencies'), name);
    // The file does not say which package installs a peer dependency.
    return (range === undefined ? undefined : this.find(name, range)) ?? this.onlyOne(name);
  }

  private find(name: string, range: string): LockedPackage | undefined {
    const id = this.ids.get(withoutProtocol(`${name}@${range}`));
    return id === undefined ? undefined : this.locked(id);
  }

  /** The package of a name that has only one version. */
  private onlyOne(name: string): LockedPackage | undefined {
    const found = [...this.ids].filter(([descriptor]) => nameOf(descriptor) === name).map(([, id]) => this.locked(id));
    return new Set(found.map(({ version }) => version)).size === 1 ? found[0] : undefined;
  }

  /** The range in the nearest package.json that declares the name. */
  private declaredRange(directory: string, name: string): string | undefined {
    for (let folder = directory; !path.relative(this.root, folder).startsWith('..'); folder = path.dirname(folder)) {
      const manifest = path.join(folder, 'package.json');
      const content = fs.existsSync(manifest) ? JSON.parse(fs.readFileSync(manifest, 'utf8')) : {};
      const kind = DEPENDENCY_KINDS.find((each) => content[each]?.[name] !== undefined);
      if (kind) return content[kind][name];
      if (folder === path.dirname(folder)) break;
    }
    return undefined;
  }

  private locked(id: string): LockedPackage {
    const entry = mapAt(this.entries, id);
    const version = textAt(entry, 'version') ?? '';
    const meta = mapAt(entry, 'dependenciesMeta');
    const isOptional = (name: string) => textAt(mapAt(meta, name), 'optional') === 'true';
    const dependencies = Object.keys(mapAt(entry, 'dependencies'));
    const resolution = textAt(entry, 'resolution') ?? '';
    return {
      id,
      registryName: registryName(id, resolution),
      version,
      fromRegistry: isFromRegistry(id, resolution),
      // Later yarns record the integrity of their own archive.
      npmEntry: { version, ...(textAt(entry, 'integrity') !== undefined && { integrity: textAt(entry, 'integrity') }) },
      dependencies: dependencies.filter((name) => !isOptional(name)),
      optionalDependencies: [...Object.keys(mapAt(entry, 'optionalDependencies')), ...dependencies.filter(isOptional)],
      peerDependencies: Object.keys(mapAt(entry, 'peerDependencies')).filter((name) => textAt(mapAt(mapAt(entry, 'peerDependenciesMeta'), name), 'optional') !== 'true'),
    };
  }
}

/** The name in `alias@npm:name@^1.0.0`. Later yarns write it into the resolution. */
function registryName(id: string, resolution: string): string | undefined {
  const descriptor = unquoted(id.split(/, */)[0]);
  const name = resolution ? nameOf(resolution) : descriptor.match(/@npm:(@?[^@]+)@/)?.[1];
  return name === nameOf(descriptor) ? undefined : name;
}

/** Whether a registry has the package. Later yarns write that into the resolution. In yarn 1, other ranges are a URL, a path or a repository. */
function isFromRegistry(id: string, resolution: string): boolean {
  if (resolution) return resolution.startsWith(`${nameOf(resolution)}@npm:`);
  const descriptor = unquoted(id.split(/, */)[0]);
  const range = descriptor.slice(nameOf(descriptor).length + 1);
  return range.startsWith('npm:') || !/[:/]/.test(range);
}

function nameOf(descriptor: string): string {
  return descriptor.slice(0, descriptor.indexOf('@', 1));
}

/** Later yarns write `name@npm:^1.0.0` in most places, but not in all. */
function withoutProtocol(descriptor: string): string {
  return descriptor.replace(/@npm:(?!@?[a-z][^@]*@)/, '@');
}
