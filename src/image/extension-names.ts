import * as fs from 'fs';
import * as path from 'path';
import { didYouMean } from '../checks/did-you-mean';
import { shown } from '../checks/expect';
import { DuckDbExtension } from '../extension';
import { ExtensionRepository } from '../extension-repository';
import { TESTED } from '../tested-versions';

/** An extension that the build installs and the runtime loads. */
export interface ResolvedExtension {
  /** DuckDB's own name of the extension, which is also its file's name: `postgres_scanner` for the alias `postgres`. */
  readonly name: string;
  readonly repository: string;
  /** Whether the image may be built without the files that the extension would download at LOAD. */
  readonly allowDownload: boolean;
  /** Whether a bootstrap step loads the extension, instead of the opening of a database. */
  readonly loadedByStep: boolean;
}

const { core, builtIn } = TESTED.extensions;

const ALIASES = new Map(Object.entries(TESTED.extensions.aliases));

/** The dependencies of extensions, which are loaded first. The image's installer reads the same file. */
const DEPENDENCIES = new Map(Object.entries<object>(
  JSON.parse(fs.readFileSync(path.join(__dirname, '..', '..', 'assets', 'docker', 'extension-dependencies.json'), 'utf8')),
).map(([name, reasons]) => [name, Object.keys(reasons)]));

/**
 * DuckDB's names of the requested extensions, each once and after its dependencies, without the extensions that are part of DuckDB itself.
 *
 * @param duckdbVersion undefined if it is not known; then every name is accepted
 */
export function resolveExtensions(asked: DuckDbExtension[], repository: ExtensionRepository, duckdbVersion?: string): ResolvedExtension[] {
  const resolved = new Map<string, ResolvedExtension>();
  const add = (extension: ResolvedExtension) => {
    const known = resolved.get(extension.name);
    if (known && known.repository !== extension.repository) {
      throw new Error(`the extension "${extension.name}" is declared as a core and as a community extension: declare it once`);
    }
    const isCore = extension.repository === 'core';
    if (isCore && builtIn.includes(extension.name)) return;
    if (known && (extension.loadedByStep || !known.loadedByStep)) return;
    for (const dependency of (isCore && DEPENDENCIES.get(extension.name)) || []) {
      add({ name: dependency, repository: 'core', allowDownload: false, loadedByStep: extension.loadedByStep });
    }
    resolved.set(extension.name, { ...extension, ...known, loadedByStep: extension.loadedByStep });
  };
  for (const extension of asked) {
    checkExtension(extension);
    const { repository: origin, _allowDownload: allowDownload, _loadedByStep: loadedByStep } = extension;
    add({ name: canonicalName(extension, repository, duckdbVersion), repository: origin, allowDownload, loadedByStep });
  }
  return [...resolved.values()];
}

/** In plain JavaScript, the value may be a name. */
function checkExtension(extension: DuckDbExtension): void {
  if (extension?.repository === 'core' || extension?.repository === 'community') return;
  throw new Error(`extensions has ${shown(extension)}: expected an extension such as DuckDbExtension.core('${typeof extension === 'string' ? extension : 'httpfs'}')`);
}

function canonicalName({ name: asked, repository: origin }: DuckDbExtension, repository: ExtensionRepository, duckdbVersion?: string): string {
  if (origin !== 'core') return asked;
  const name = ALIASES.get(asked) ?? asked;
  const known = [...core, ...builtIn];
  // Another version of DuckDB may have extensions that are not in the list.
  if (!known.includes(name) && repository._onlyOfficial && duckdbVersion === TESTED.duckdb) {
    throw new Error(`"${asked}": no core extension of DuckDB has this name${didYouMean(asked, [...known, ...ALIASES.keys()])
      || '; for the community repository, use DuckDbExtension.community()'}`);
  }
  return name;
}
