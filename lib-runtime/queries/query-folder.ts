import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { parseQueryFile, type QueryFile } from './query-file';
import { byNearness, didYouMean } from '../base/did-you-mean';
import { ConfigError, messageOf } from '../base/errors';
import { shown } from '../base/shown';

/** Without dots, so that a name can neither leave the folder nor be hidden, and without characters that file systems and URLs write in several ways. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_-]*)*$/;
const NAMES_ARE = 'letters of ASCII, digits, _ and -';
const EXTENSION = /\.sql$/;
const MOST_LISTED = 20;

/** A file of a folder of queries. */
export interface QueryPath {
  /** `reports/daily` for `reports/daily.sql`. */
  readonly name: string;
  /** Its path in the folder, with `/` on every system. */
  readonly path: string;
}

/** The query files of a folder by their names, and what is wrong with the folder. */
export interface QueryPaths {
  readonly queries: readonly QueryPath[];
  readonly errors: readonly string[];
}

/**
 * Loads the query `name` of a folder. It reads only this file.
 *
 * `name` may come from anyone: it finds files with the names of queries in the folder and nothing else, also where file systems ignore case.
 * Throws `CONFIG` for an unknown name, with the nearest one, and for a file with errors.
 */
export function loadQuery(folder: string, name: unknown): QueryFile {
  if (typeof name !== 'string') throw new ConfigError(`the query is ${shown(name)}, expected the name of one as a text`);
  const path = NAME.test(name) ? find(folder, name) : undefined;
  if (path === undefined) throw unknownQuery(folder, name);
  return parseQueryFile(name, `${folder}/${name}.sql`, read(path));
}

/** Whether a folder has the query `name`. */
export function hasQuery(folder: string, name: string): boolean {
  return find(folder, name) !== undefined;
}

/** The names of a folder's queries, in order. Throws `CONFIG` if the folder cannot be read. */
export function queryNames(folder: string): string[] {
  return queryPaths(folder).queries.map(({ name }) => name);
}

/**
 * All query files of a folder and of its folders.
 *
 * Hidden files, whose names begin with a dot, and files of other kinds are left out. A symbolic link is an error: it would be missing, or empty,
 * where the folder is copied to. So is a name with other characters, and one that another file has, also if only its case differs.
 *
 * Errors begin with the path of their file below `shownFolder`. Throws `CONFIG` if the folder cannot be read.
 */
export function queryPaths(folder: string, shownFolder = folder): QueryPaths {
  const queries: QueryPath[] = [];
  const errors: string[] = [];
  const named = new Map<string, string>();
  for (const path of pathsIn(folder, '', (link) => errors.push(`${shownFolder}/${link}: received a symbolic link, expected a file or a folder: put a copy here`))) {
    const name = path.slice(0, -'.sql'.length);
    const other = named.get(name.toLowerCase());
    if (!EXTENSION.test(path)) errors.push(`${shownFolder}/${path}: received the extension ${path.slice(-'.sql'.length)}, expected .sql: rename the file`);
    else if (!NAME.test(name)) errors.push(`${shownFolder}/${path}: received the name "${name}", expected ${NAMES_ARE}: rename the file or its folder`);
    else if (other !== undefined) errors.push(`${shownFolder}/${path}: received the name of ${shownFolder}/${other}, as case does not count: rename one of them`);
    else queries.push({ name, path });
    named.set(name.toLowerCase(), path);
  }
  return { queries, errors };
}

/** The paths of all `.sql` files, in any case. */
function pathsIn(folder: string, parent: string, onLink: (path: string) => void): string[] {
  const entries = readFolder(join(folder, parent)).filter(({ name }) => !name.startsWith('.'));
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1)).flatMap((entry) => {
    const path = parent + entry.name;
    if (entry.isDirectory()) return pathsIn(folder, `${path}/`, onLink);
    if (entry.isSymbolicLink()) onLink(path);
    return entry.isFile() && /\.sql$/i.test(path) ? [path] : [];
  });
}

function readFolder(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (cause) {
    throw new ConfigError(`cannot read the folder of queries ${shown(path)}: ${messageOf(cause)}`, { cause });
  }
}

/** The file of a query; undefined if there is none with exactly this name. */
function find(folder: string, name: string): string | undefined {
  try {
    // Differs if a part of the path is a symbolic link, or has another case.
    const path = realpathSync.native(join(folder, `${name}.sql`));
    return path === join(realpathSync.native(folder), `${name}.sql`) ? path : undefined;
  } catch {
    return undefined;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(`cannot read the query file ${shown(path)}: ${messageOf(cause)}`, { cause });
  }
}

function unknownQuery(folder: string, name: string): ConfigError {
  const names = queryNames(folder);
  const listed = byNearness(name, names).slice(0, MOST_LISTED).join(', ') || 'none';
  const more = names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : '';
  return new ConfigError(`there is no query ${shown(name)}${didYouMean(name, names)}; the queries of ${folder} are: ${listed}${more}`);
}
