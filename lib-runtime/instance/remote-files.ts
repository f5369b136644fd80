import { remoteUrls } from '../base/remote-urls';
import { namesOneOf } from '../diagnosis/missing-catalog';
import type { Statement } from '../execution/statement';

const NAME = '(?:(?:[\\w$]+|"(?:[^"]|"")*")\\.)*(?:"((?:[^"]|"")*)"|([\\w$]+))';
/** Statements that create a name for files: a view, a macro, an attached database. */
const MADE = [
  new RegExp(`^CREATE\\b[^(']*?\\b(?:VIEW|MACRO|FUNCTION)\\s+(?:IF\\s+NOT\\s+EXISTS\\s+)?${NAME}`, 'i'),
  new RegExp(`^ATTACH\\b[^]*?'\\s*AS\\s+${NAME}`, 'i'),
];
/** A warm process may create views under ever new names. */
const MAX_NAMES = 1000;
const NONE: readonly string[] = [];

/**
 * Finds the remote files that a statement reads, without DuckDB's parser: from the URLs in its text and its parameters, and from the names of
 * views, macros and attached databases that earlier statements have created over URLs.
 */
export class RemoteFiles {
  private readonly urlsByName = new Map<string, readonly string[]>();

  /** The URLs and patterns that the statement reads or writes, as far as its text tells. */
  urlsOf({ sql }: Statement, parameters: object | undefined): readonly string[] {
    const urls = remoteUrls(sql, parameters);
    if (this.urlsByName.size === 0) return urls;
    return [...urls, ...[...this.urlsByName].flatMap(([name, behind]) => (namesOneOf([name], sql) ? behind : NONE))];
  }

  /** Records that a statement with `urls` has run. Returns whether it has created a name for these files. */
  note({ parts }: Statement, urls: readonly string[]): boolean {
    const names = parts.map(nameMadeBy).filter((name) => name !== undefined);
    for (const name of names) if (this.urlsByName.size < MAX_NAMES) this.urlsByName.set(name, urls);
    return names.length > 0;
  }
}

function nameMadeBy(part: string): string | undefined {
  const [, quoted, plain] = MADE.map((pattern) => pattern.exec(part)).find((match) => match !== null) ?? [];
  return quoted?.replaceAll('""', '"') ?? plain;
}
