import { Token } from 'aws-cdk-lib';
import { expectText, shown } from './expect';

/** The runtime's own rule. DuckDB reads ?, * and [ in a URL as something else, and HTTP clients resolve the folders . and .. */
const FOLDERS = /^(?:(?!\.{1,2}\/)[\w.=:@-]+\/)+$/;

/** Refuses a prefix that is not made of folders. A prefix without a slash at its end would also mean the folder's neighbours. */
export function expectFolders(prefix: unknown, what: string, example: string): asserts prefix is string {
  expectText(prefix, what, example);
  if (Token.isUnresolved(prefix) || FOLDERS.test(prefix as string)) return;
  throw new Error(`${what} ${shown(prefix)}: expected folders such as "${example}", which end with "/": `
    + 'letters, digits and _ - . = : @, without a folder "." or ".." and without the bucket');
}

/** Refuses a key that is not folders and a name. */
export function expectKey(key: unknown, what: string, example: string): asserts key is string {
  expectText(key, what, example);
  if (Token.isUnresolved(key) || FOLDERS.test(`${key}/`)) return;
  throw new Error(`${what} ${shown(key)}: expected a key such as "${example}": `
    + 'letters, digits and _ - . = : @ and / between folders, without a folder "." or ".." and without the bucket');
}
