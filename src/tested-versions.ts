import * as fs from 'fs';
import * as path from 'path';

/** The versions that this library is tested with, and the names that they know. */
export interface TestedVersions {
  /** The exact version of `@duckdb/node-api`. */
  readonly client: string;
  /** The version of DuckDB in it. */
  readonly duckdb: string;
  readonly extensions: {
    /** DuckDB's own extensions that are files of their own. */
    readonly core: string[];
    /** Those that are part of DuckDB's library. */
    readonly builtIn: string[];
    readonly aliases: { readonly [alias: string]: string };
  };
  /** DuckDB's settings, and those of its core extensions. */
  readonly settings: string[];
}

/** Written by `npm run update-duckdb`, from DuckDB itself; the image's installer reads it too. */
export const TESTED: TestedVersions = JSON.parse(
  fs.readFileSync(path.join(__dirname, '..', 'assets', 'docker', 'versions.json'), 'utf8'));
