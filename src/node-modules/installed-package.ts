import * as fs from 'fs';
import { createRequire } from 'module';
import * as path from 'path';

/** A package that is installed on this machine. */
export interface InstalledPackage {
  /** Its package.json. */
  readonly manifest: string;
  readonly version: string;
}

/** The package that a module in the folder would load; undefined if it is not installed. */
export function installedPackage(folder: string, name: string): InstalledPackage | undefined {
  try {
    const manifest = createRequire(path.join(folder, 'package.json')).resolve(`${name}/package.json`);
    return { manifest, version: JSON.parse(fs.readFileSync(manifest, 'utf8')).version };
  } catch {
    return undefined;
  }
}
