import { remoteUrls } from '../base/remote-urls';
import { namesOneOf } from '../diagnosis/missing-catalog';
import type { Statement } from '../execution/statement';

const NAME = '(?:(?:[\\w$]+|"(?:[^"]|"")*")\\.)*(?:"((?:[^"]|"")*)"|([\\w$]+))';
/** What a statement makes that has others read files in its stead. */
const MADE = [
  new RegExp(`^CREATE\\b[^(']*?\\b(?:VIEW|MACRO|FUNCTION)\\s+(?:IF\\s+NOT\\s+EXISTS\\s+)?${NAME}`, 'i'),
  new RegExp(`^ATTACH\\b[^]*?'\\s*AS\\s+${NAME}`, 'i'),
];
/** A process that makes views without end under names of their own must not keep all of them. */
const MAX_NAMES = 1000;
const NONE: readonly string[] = [];

/**
 * Tells which remote files a statement reads, without DuckDB's parser: by the URLs in its text and its parameters, and by the names of the views,
 * macros and attached databases that earlier statements have made over URLs.
 */
export class RemoteFiles {
  private readonly urlsByName = new Map<string, readonly string[]>();

  /** The URLs and patterns that the statement reads or writes, as far as they show. */
  urlsOf({ sql }: Statement, parameters: object | undefined): readonly string[] {
    const urls = remoteUrls(sql, parameters);
    if (this.urlsByName.size === 0) return urls;
    return [...urls, ...[...this.urlsByName].flatMap(([name, behind]) => (namesOneOf([name], sql) ? behind : NONE))];
  }

  /** Notes that a statement with `urls` has run. Returns whether other statements read these files by a new name from now on. */
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
