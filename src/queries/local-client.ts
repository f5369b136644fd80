import * as fs from 'fs';
import * as path from 'path';
import { CLIENT, duckdbVersionOf } from '../image/duckdb-version';
import { ResolvedExtension } from '../image/extension-names';
import { ResolvedImage } from '../image/resolved-image';
import { installedPackage } from '../node-modules/installed-package';

/** DuckDB's client on the machine that synthesises. */
export interface LocalClient {
  /** The folder from which it can be required; undefined if its DuckDB cannot check SQL for the image. */
  readonly folder?: string;
  /** Why it cannot, if the user may expect it to. */
  readonly reason?: string;
}

/**
 * The client whose DuckDB checks the SQL of a query folder. It must understand what the image's DuckDB does, because another version, or an
 * extension, has other SQL.
 *
 * An app in another language than JavaScript has no client, and is not asked for one.
 */
export function localClient(queryFolder: string, { nodeApiVersion, duckdbVersion, extensions }: ResolvedImage): LocalClient {
  const folders = [queryFolder, process.cwd()];
  const extending = extensions.find(mayExtendSyntax);
  if (extending) return { reason: `the extension ${extending.name} may add SQL of its own` };
  const install = `install it with: npm install --save-dev ${CLIENT}@${nodeApiVersion}`;
  for (const folder of folders) {
    const installed = installedPackage(folder, CLIENT);
    if (installed === undefined) continue;
    if (duckdbVersionOf(installed.version) === duckdbVersion) return { folder };
    return { reason: `${installed.manifest} has version ${installed.version}, and the image has ${nodeApiVersion}; ${install}` };
  }
  return folders.some(isInProject) ? { reason: `${CLIENT} is not installed; ${install}` } : {};
}

/** Community extensions such as prql bring a parser. Of the core extensions, MotherDuck's does, for its shares. */
function mayExtendSyntax({ name, repository }: ResolvedExtension): boolean {
  return repository !== 'core' || name === 'motherduck';
}

function isInProject(folder: string): boolean {
  const above = path.dirname(folder);
  return fs.existsSync(path.join(folder, 'package.json')) || (above !== folder && isInProject(above));
}
