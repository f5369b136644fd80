import * as fs from 'fs';
import * as path from 'path';
import { didYouMean } from '../checks/did-you-mean';

const ENTRY_EXTENSIONS = ['.ts', '.tsx', '.mts', '.cts', '.js', '.mjs', '.cjs'];

/** The absolute path of a handler's source file. Throws if the file does not exist. */
export function resolveEntry(entry: string): string {
  const source = path.resolve(entry);
  if (!ENTRY_EXTENSIONS.includes(path.extname(entry))) {
    throw new Error(`the entry "${entry}" is not a handler's source file: expected one that ends in ${ENTRY_EXTENSIONS.join(', ')}`);
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

/** The project that a handler belongs to. */
export interface HandlerProject {
  /** Its root, absolute. */
  readonly root: string;
  readonly lockFile?: string;
}

/** The user's props about the project. */
export interface HandlerProjectProps {
  readonly projectRoot?: string;
  readonly depsLockFilePath?: string;
}

const LOCK_FILES = ['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb'];

/** The project that a handler belongs to: the one that the user names, or the nearest folder above it with a lock file, or else with a package.json. */
export function findProject(entry: string, props: HandlerProjectProps = {}): HandlerProject {
  const folders = foldersAbove(entry);
  const lockFile = props.depsLockFilePath === undefined ? findLockFile(folders) : expectLockFile(props.depsLockFilePath);
  const root = props.projectRoot === undefined
    ? lockFile && folders.includes(path.dirname(lockFile)) ? path.dirname(lockFile) : findManifest(folders)
    : path.resolve(props.projectRoot);
  if (!folders.includes(root)) {
    throw new Error(`the entry "${entry}" is not in the projectRoot "${props.projectRoot}": name a folder above it, or leave projectRoot out`);
  }
  return { root, lockFile };
}

function foldersAbove(entry: string): string[] {
  const folders: string[] = [];
  for (let folder = path.dirname(entry); folders.at(-1) !== folder; folder = path.dirname(folder)) {
    folders.push(folder);
  }
  return folders;
}

function findLockFile(folders: string[]): string | undefined {
  return folders.flatMap((folder) => LOCK_FILES.map((name) => path.join(folder, name))).find((file) => fs.existsSync(file));
}

function findManifest(folders: string[]): string {
  return folders.find((folder) => fs.existsSync(path.join(folder, 'package.json'))) ?? folders[0];
}

function expectLockFile(file: string): string {
  const resolved = path.resolve(file);
  if (!LOCK_FILES.includes(path.basename(file))) {
    throw new Error(`depsLockFilePath is "${file}", which is not a package manager's lock file: expected one named ${LOCK_FILES.join(', ')}`);
  }
  if (!fs.statSync(resolved, { throwIfNoEntry: false })?.isFile()) {
    throw new Error(`cannot find the lock file of depsLockFilePath, "${file}": looked for ${resolved}`);
  }
  return resolved;
}
