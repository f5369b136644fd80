import * as fs from 'fs';
import * as path from 'path';

/** The versions that this library is tested with, and the names of their extensions and settings. */
export interface TestedVersions {
  /** The exact version of `@duckdb/node-api`. */
  readonly client: string;
  /** The version of DuckDB in the client. */
  readonly duckdb: string;
  readonly extensions: {
    /** DuckDB's own extensions that are separate files. */
    readonly core: string[];
    /** Extensions that are part of DuckDB's library. */
    readonly builtIn: string[];
    readonly aliases: { readonly [alias: string]: string };
  };
  /** The settings of DuckDB and of its core extensions. */
  readonly settings: string[];
}

/** Written by `npm run update-duckdb`, from DuckDB itself. The image's installer reads the same file. */
export const TESTED: TestedVersions = JSON.parse(
  fs.readFileSync(path.join(__dirname, '..', 'assets', 'docker', 'versions.json'), 'utf8'));
