import * as fs from 'fs';
import * as path from 'path';
import { didYouMean } from './did-you-mean';

const ENTRY_EXTENSIONS = ['.ts', '.tsx', '.mts', '.cts', '.js', '.mjs', '.cjs'];

/** The absolute path of a handler's source file, which must be there. */
export function resolveEntry(entry: string): string {
  const source = path.resolve(entry);
  if (!ENTRY_EXTENSIONS.includes(path.extname(entry))) {
    throw new Error(`the entry "${entry}" is no source file of a handler: expected one that ends in ${ENTRY_EXTENSIONS.join(', ')}`);
  }
  if (!fs.statSync(source, { throwIfNoEntry: false })?.isFile()) {
    const directory = path.dirname(source);
    const siblings = fs.existsSync(directory) ? fs.readdirSync(directory) : [];
    const sources = siblings.filter((name) => ENTRY_EXTENSIONS.includes(path.extname(name)));
    const suggestion = didYouMean(path.basename(entry), sources, path.dirname(entry));
    throw new Error(`cannot find the entry "${entry}": no such file in ${directory}${suggestion}`);
  }
  return source;
}

const LOCK_FILES = ['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml'];

/** The project that a handler belongs to: the nearest folder above it with a lock file, else with a package.json. */
export function findProject(entry: string): { root: string; lockFile?: string } {
  const folders: string[] = [];
  for (let folder = path.dirname(entry); folders.at(-1) !== folder; folder = path.dirname(folder)) {
    folders.push(folder);
  }
  for (const root of folders) {
    const lock = LOCK_FILES.map((name) => path.join(root, name)).find((file) => fs.existsSync(file));
    if (lock) return { root, lockFile: lock };
  }
  return { root: folders.find((folder) => fs.existsSync(path.join(folder, 'package.json'))) ?? folders[0] };
}
