import { readFileSync } from 'node:fs';
import { writeAtomically } from './files.mjs';
import { checkLockFormat } from './lock-format.mjs';

/** The contents of a lock file, to check downloads against. */
export class Lock {
  constructor(file, content) {
    this.file = file;
    this.content = content;
  }

  /** Throws unless the extension is pinned. Runs before any download. */
  expect(name, platform) {
    if (!this.#entry(name, platform)) {
      throw new Error(`the lock file ${this.file} does not pin it for ${platform}; `
        + `add it with: duckdb-extensions lock --lock ${this.file} --platform ${platform} ${name}`);
    }
  }

  /** Throws unless the extension's SHA-256 is the pinned one. */
  check(name, platform, sha256) {
    const pinned = this.#entry(name, platform).sha256;
    if (sha256 !== pinned) {
      throw new Error(`has the SHA-256 ${sha256}, but the lock file ${this.file} pins ${pinned}; `
        + 'if the extension was released again, update the lock file with: duckdb-extensions lock --update');
    }
  }

  nameWithPrefix(prefix, platform) {
    return Object.keys(this.content.extensions[platform] ?? {}).find((name) => name.startsWith(prefix));
  }

  #entry(name, platform) {
    return this.content.extensions[platform]?.[name];
  }
}

/** The lock of a file that must exist and be for this version of DuckDB. */
export function readLock(file, version) {
  const content = readLockFile(file);
  if (!content) throw new Error(`cannot find the lock file ${file}; write it with: duckdb-extensions lock --lock ${file}`);
  if (content.duckdbVersion !== version) {
    throw new Error(`the lock file ${file} is for DuckDB ${content.duckdbVersion}, not ${version}; renew it with: duckdb-extensions lock --update`);
  }
  return new Lock(file, content);
}

/** The content of a lock file; undefined if there is none. */
export function readLockFile(file) {
  let content;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw new Error(`the lock file ${file} is not valid JSON: ${error.message}`, { cause: error });
  }
  if (content?.version !== 1) {
    throw new Error(`${file} is not a lock file of version 1: remove it and write it again with duckdb-extensions lock`);
  }
  try {
    checkLockFormat(content);
  } catch (error) {
    throw new Error(`the lock file ${file} ${error.message}; restore it, or remove it and write it again with duckdb-extensions lock`, { cause: error });
  }
  return content;
}

export function writeLockFile(file, content) {
  writeAtomically(file, JSON.stringify(sorted(content), undefined, 2) + '\n');
}

/** Sorts entries by name, so that the file changes only with its content. The file's own fields keep their order. */
function sorted({ extensions, nodeApi, ...rest }) {
  const byName = (object, value = (each) => each) => Object.fromEntries(Object.keys(object).sort().map((name) => [name, value(object[name])]));
  return { ...rest, nodeApi: byName(nodeApi), extensions: byName(extensions, (platform) => byName(platform)) };
}
