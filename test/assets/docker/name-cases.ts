import { duckdb } from '../../../assets/docker/versions.json';

export interface NameCase {
  /** As the command takes them: a name, or `community:` and a name. */
  readonly asked: readonly string[];
  /** DuckDB's version. */
  readonly version: string;
  /** Whether the source holds DuckDB's own extensions and no others. */
  readonly official: boolean;
  /** What is baked, in the order of LOAD and in the same notation, or what the error says. */
  readonly expected: readonly string[] | RegExp;
}

const known = { version: duckdb, official: true };
const otherVersion = { version: '1.4.4', official: true };
const mirror = { version: duckdb, official: false };

/** What names mean: one table for the two that must agree, the construct at synth and the installer in the image's build. */
export const NAME_CASES: readonly NameCase[] = [
  { ...known, asked: ['inet'], expected: ['inet'] },
  { ...known, asked: [], expected: [] },

  // DuckDB's aliases, of core only, whatever the version and the source.
  { ...known, asked: ['postgres', 's3', 'sqlite3', 'md'], expected: ['postgres_scanner', 'httpfs', 'sqlite_scanner', 'motherduck'] },
  { ...otherVersion, asked: ['postgres'], expected: ['postgres_scanner'] },
  { ...mirror, asked: ['postgres'], expected: ['postgres_scanner'] },
  { ...known, asked: ['community:postgres'], expected: ['community:postgres'] },

  // Each once, and after what it depends on, if it is core.
  { ...known, asked: ['iceberg', 'aws', 'avro'], expected: ['avro', 'httpfs', 'iceberg', 'aws'] },
  { ...mirror, asked: ['ducklake'], expected: ['httpfs', 'ducklake'] },
  { ...known, asked: ['s3', 'httpfs', 'https'], expected: ['httpfs'] },
  { ...known, asked: ['community:iceberg'], expected: ['community:iceberg'] },

  // What is built into DuckDB is not baked, if it is core.
  { ...known, asked: ['json', 'inet', 'parquet', 'icu'], expected: ['inet'] },
  { ...otherVersion, asked: ['json'], expected: [] },
  { ...mirror, asked: ['json'], expected: [] },
  { ...known, asked: ['community:json'], expected: ['community:json'] },

  // Unknown names show at once where the table tells all that the source can have, and only there.
  { ...known, asked: ['htpfs'], expected: /htpfs.*no core extension of DuckDB.*; did you mean "httpfs"\?/ },
  { ...known, asked: ['postgre'], expected: /postgre.*no core extension of DuckDB.*; did you mean "postgres"\?/ },
  { ...known, asked: ['parket'], expected: /parket.*no core extension of DuckDB.*; did you mean "parquet"\?/ },
  { ...known, asked: ['h3'], expected: /h3.*no core extension of DuckDB.*community/ },
  { ...known, asked: ['constructor'], expected: /constructor.*no core extension of DuckDB/ },
  { ...otherVersion, asked: ['htpfs', 'constructor'], expected: ['htpfs', 'constructor'] },
  { ...mirror, asked: ['htpfs', 'constructor'], expected: ['htpfs', 'constructor'] },
  { ...known, asked: ['community:h3', 'community:constructor'], expected: ['community:h3', 'community:constructor'] },

  // One name, one repository.
  { ...known, asked: ['httpfs', 'community:httpfs'], expected: /httpfs.* as a core and as a community extension/ },
  { ...known, asked: ['community:httpfs', 'iceberg'], expected: /httpfs.* as a core and as a community extension/ },
];
