import { existsSync } from 'node:fs';
import { catalogHint } from './catalog-advice';
import type { Facts } from './facts';
import { withoutEcho } from './missing-catalog';
import { fileHint } from './s3-advice';
import { DUCKDB, DUCKDB_EXTENSION, saysOneOf } from '../base/wording';
import { extensionFile } from '../extensions/extensions';

// A separate chunk, loaded only after DuckDB has refused a statement.

/** DuckDB's error as the runtime reports it. */
export interface Advice {
  /** The text without DuckDB's advice that does not work here. */
  readonly text: string;
  /** Advice that works here. */
  readonly hint: string | undefined;
}

/** Turns DuckDB's advice into advice for a function: its image is read-only, and the construct grants its permissions. */
export function advise(error: string, sql: string, facts: Facts): Advice {
  const isOfFile = saysOneOf(REACHING, error);
  const hint = extensionHint(error, sql, facts) ?? catalogHint(error, sql, facts) ?? (isOfFile ? fileHint(error, sql, facts) : undefined);
  return { text: facts.extensionDirectory === undefined ? error : INSTALLING.reduce((text, part) => text.replace(part, ''), error), hint };
}

/** Errors of access to a file or a server. Only in these do status codes mean anything. */
const REACHING = [DUCKDB.httpError, DUCKDB.ioError];

/** Nothing can be installed in an image. There, DuckDB also searches for extensions that are loaded automatically. */
const INSTALLING = [DUCKDB_EXTENSION.installAndLoad, DUCKDB_EXTENSION.autoInstall, DUCKDB_EXTENSION.installFirst];

/** Errors in which DuckDB recognises the extension as one of its own. */
const MISSING_CORE_EXTENSION = [DUCKDB_EXTENSION.existsInExtension, DUCKDB_EXTENSION.requiresExtension, DUCKDB_EXTENSION.installingFailed];
const MISSING_EXTENSION = [...MISSING_CORE_EXTENSION, DUCKDB_EXTENSION.extensionNotFound, DUCKDB_EXTENSION.downloadFailed];
const ALIASES: Readonly<Record<string, string>> = {
  postgres: 'postgres_scanner', mysql: 'mysql_scanner', sqlite: 'sqlite_scanner', md: 'motherduck', http: 'httpfs', https: 'httpfs', s3: 'httpfs',
};

function extensionHint(error: string, sql: string, facts: Facts): string | undefined {
  const said = withoutEcho(error);
  const found = MISSING_EXTENSION.map((pattern) => pattern.exec(said)?.[1]).find((name) => name !== undefined);
  if (found === undefined) return undefined;
  const name = ALIASES[found] ?? found;
  const fix = bringing(name, `${said} ${sql}`);
  const install = facts.installCommand(name);
  if (facts.extensionDirectory !== undefined && existsSync(extensionFile(facts.extensionDirectory, name))) {
    return `the extension "${name}" is in the image, but not loaded: deploy the function again with ${fix}, which loads it when DuckDB opens; a bootstrap step ` +
      `that declares it with loadedByStep must run LOAD ${name}; on your own machine: ${install}`;
  }
  return facts.extensionDirectory === undefined
    ? `a function gets the extension "${name}" from ${fix}; on a machine without a network, fill a directory with ${install}, and set DUCKDB_EXTENSIONS_DIR to it`
    : `the extension "${name}" is not in the image, where nothing can be installed: deploy the function again with ${fix}; on your own machine: ${install}`;
}

/** The declaration that adds an extension to a function's image. */
function bringing(name: string, text: string): string {
  if (name === 'postgres_scanner') return "a PostgresStep in its bootstrap, or extensions: [DuckDbExtension.core('postgres')]";
  if (name === 'motherduck') return 'a MotherDuckStep in its bootstrap';
  if (name === 'httpfs' && /\bs3[an]?(?:\b|_)/i.test(text)) return 'an S3Step in its bootstrap';
  if (name === 'aws') return 'an S3Step in its bootstrap, which does not need this extension, or declares it with credentialChain: true';
  const isOfCommunity = /\bFROM\s+'?community\b|\/\/community-extensions\./i.test(text);
  const isOfCore = name === 'httpfs' || saysOneOf([...MISSING_CORE_EXTENSION, DUCKDB_EXTENSION.existingExtension], text);
  if (isOfCommunity) return `extensions: [DuckDbExtension.community('${name}')]`;
  return `extensions: [DuckDbExtension.core('${name}')]${isOfCore ? '' : `, or .community('${name}') for a community extension`}`;
}
