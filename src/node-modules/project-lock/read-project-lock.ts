import * as fs from 'fs';
import * as path from 'path';
import { NpmLock } from './npm-lock';
import { PnpmLock } from './pnpm-lock';
import { ProjectLock } from './project-lock';
import { YarnLock } from './yarn-lock';

/** The lock file read last. The functions of an app usually belong to one project. */
let latest: { file: string; text: string; lock: ProjectLock | undefined } | undefined;

/** Reads a lock file of npm, yarn or pnpm; undefined for any other file. */
export function readProjectLock(file: string): ProjectLock | undefined {
  const text = fs.readFileSync(file, 'utf8');
  if (latest?.file !== file || latest.text !== text) latest = { file, text, lock: parse(file, text) };
  return latest.lock;
}

function parse(file: string, text: string): ProjectLock | undefined {
  const root = path.dirname(file);
  switch (path.basename(file)) {
    case 'package-lock.json':
    case 'npm-shrinkwrap.json':
      try {
        return new NpmLock(text, root);
      } catch (error) {
        throw new Error(`cannot read ${file}: ${(error as Error).message}; npm install writes it again`);
      }
    case 'yarn.lock':
      return new YarnLock(text, root);
    case 'pnpm-lock.yaml':
      return new PnpmLock(text, root);
    default:
      return undefined;
  }
}
