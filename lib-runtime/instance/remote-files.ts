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

/** Names, and the URLs of the files behind them. */
export type UrlsByName = ReadonlyMap<string, readonly string[]>;

/**
 * Finds the remote files that a statement reads, without DuckDB's parser: from the URLs in its text and its parameters, from the names of views,
 * macros and attached databases that earlier statements have created over URLs, and from the names of lakes.
 */
export class RemoteFiles {
  private readonly urlsByName = new Map<string, readonly string[]>();

  /** `lakes` are the catalogs that bootstrap steps attach, with the URLs of their data. */
  constructor(private readonly lakes: UrlsByName) {}

  /** The URLs and patterns that the statement reads or writes, as far as its text tells. What it writes to a lake is not among them. */
  urlsOf(statement: Statement, parameters: object | undefined): readonly string[] {
    const { sql } = statement;
    const urls = [...remoteUrls(sql, parameters), ...behind(this.urlsByName, sql)];
    return this.lakes.size > 0 && statement.isSelect ? [...urls, ...behind(this.lakes, sql)] : urls;
  }

  /** Whether the statement may write to a lake. */
  mayWriteToLake(statement: Statement): boolean {
    return this.lakes.size > 0 && !statement.isSelect && behind(this.lakes, statement.sql).length > 0;
  }

  /** Records that a statement with `urls` has run. Returns whether it has created a name for these files. */
  note({ parts }: Statement, urls: readonly string[]): boolean {
    const names = parts.map(nameMadeBy).filter((name) => name !== undefined);
    for (const name of names) if (this.urlsByName.size < MAX_NAMES) this.urlsByName.set(name, urls);
    return names.length > 0;
  }
}

/** The URLs behind the names that `sql` contains. */
function behind(names: UrlsByName, sql: string): readonly string[] {
  return names.size === 0 ? NONE : [...names].flatMap(([name, urls]) => (namesOneOf([name], sql) ? urls : NONE));
}

function nameMadeBy(part: string): string | undefined {
  const [, quoted, plain] = MADE.map((pattern) => pattern.exec(part)).find((match) => match !== null) ?? [];
  return quoted?.replaceAll('""', '"') ?? plain;
}
