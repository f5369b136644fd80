import { existsSync } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import { COPIED_CREDENTIALS, duckDbVersion, extensionFile, type ExtensionSource, loadExtensions, platform } from './extensions';
import { ConfigError, DuckDbError, ExtensionError, messageOf } from '../base/errors';
import { excerpt } from '../base/sql-text';
import { DUCKDB, DUCKDB_EXTENSION, saysOneOf } from '../base/wording';
import type { ConnectionLease } from '../execution/connection';
import { isInTransaction } from '../execution/transactions';

const RETRY_AFTER_MS = 1000;

/** What the extensions of an instance are loaded by. */
export interface OnDemandOptions {
  readonly source: ExtensionSource;
  /** Whether extensions are loaded when a statement needs them; else only what httpfs copies is blanked. */
  readonly loads: boolean;
  /** Called once httpfs is there, before any statement can use it. */
  readonly onHttpfs: (connection: DuckDBConnection) => Promise<void>;
  /** Runs a task on a connection of its own. */
  withRaw(task: (connection: DuckDBConnection) => Promise<void>): Promise<void>;
}

/** What httpfs reads. */
const HTTPFS_URL = /\b(?:https?|s3[an]?|gcs|gs|r2|hf):\/\//i;
/** It, and what loads it. Within a file's name too. */
const USES_HTTPFS = /httpfs|iceberg|delta|ducklake|unity_catalog|aws/i;
/** In the first line of an error of such a class, and there what comes last: all else may be the user's. */
const MISSING = [
  joined(DUCKDB.missingExtensionError, /[^\n]*/, DUCKDB_EXTENSION.requiresExtension),
  ...[DUCKDB.catalogError, DUCKDB.binderError, DUCKDB.invalidInputError].map((errorClass) => (
    joined(errorClass, /[^\n]*/, DUCKDB_EXTENSION.existsInExtension)
  )),
];
const MISSING_FOR_ATTACH = joined(DUCKDB.ioError, DUCKDB_EXTENSION.extensionNotFound);
/** DuckDB had only bound the statement, and an open transaction goes on. */
const HARMLESS = [DUCKDB.catalogError, DUCKDB.binderError];

/**
 * Loads extensions when a statement needs them: on a laptop or in a unit test, where no stack has declared any.
 *
 * In place of DuckDB's own autoload, in which httpfs copies the AWS credentials of the environment into settings that any SQL can read, and
 * sends requests to AWS by them wherever `AWS_ENDPOINT_URL_S3` points.
 */
export class OnDemandExtensions {
  private readonly loading = new Map<string, Promise<void>>();
  private hasFailed = false;
  private isHttpfsReady = false;

  constructor(private readonly options: OnDemandOptions) {}

  /** Loads httpfs where the text of `sql` shows that it is needed: for want of it, a transaction would be aborted. */
  async before(sql: string): Promise<void> {
    if (!this.options.loads || this.isHttpfsReady || this.hasFailed) return;
    // It is advice: a URL may stand in a text, and the machine be offline.
    if (HTTPFS_URL.test(sql) || mayLoadHttpfs(sql)) await this.ensure('httpfs').catch(() => this.hasFailed = true);
  }

  /** Runs one attempt at a statement, and again once the extension is loaded for want of which it failed. */
  async attempt<T>(lease: ConnectionLease, sql: string, once: () => Promise<T>): Promise<T> {
    const loaded = new Set<string>();
    for (;;) {
      try {
        return await once();
      } catch (error) {
        const name = this.missing(error, sql);
        if (name === undefined || loaded.has(name)) throw error;
        loaded.add(name);
        const aborted = !saysOneOf(HARMLESS, messageOf(error)) && await isInTransaction(lease.raw);
        await this.ensure(name);
        if (aborted) throw notRepeated(name, sql, error);
      } finally {
        if (mayLoadHttpfs(sql)) await this.settle();
      }
    }
  }

  /** Loads an extension, once, however many ask for it; one that failed is tried again a second later. Throws `EXTENSION`, with what to do. */
  ensure(name: string): Promise<void> {
    const known = this.loading.get(name);
    if (known) return known;
    const loading = this.options.withRaw((connection) => this.load(connection, name));
    this.loading.set(name, loading);
    // For one statement several ask, and a download that fails takes its time.
    loading.catch(() => setTimeout(() => this.loading.delete(name), RETRY_AFTER_MS).unref());
    return loading;
  }

  /** Blanks what httpfs has copied, if it has been loaded. */
  async settle(): Promise<void> {
    if (!this.isHttpfsReady) await this.options.withRaw((connection) => this.settleHttpfs(connection));
  }

  private async load(connection: DuckDBConnection, name: string): Promise<void> {
    const { source } = this.options;
    const { directory } = source;
    if (directory !== undefined && !existsSync(extensionFile(directory, name))) {
      throw new ExtensionError(`the extension "${name}" is needed, and not in DUCKDB_EXTENSIONS_DIR: no ${extensionFile(directory, name)}; fetch it with: ` +
        `duckdb-extensions install --version ${duckDbVersion().slice(1)} --platform ${platform()} --target ${directory} ${name}`);
    }
    if (name === 'httpfs') await assertUnlocked(connection);
    await loadExtensions(connection, source, [name]);
    // Others load it themselves.
    await this.settleHttpfs(connection);
  }

  /** It copies once only. */
  private async settleHttpfs(connection: DuckDBConnection): Promise<void> {
    if (this.isHttpfsReady || !await isLoaded(connection)) return;
    const blanks = COPIED_CREDENTIALS.map((name) => `SET GLOBAL ${name} = ''`);
    try {
      await connection.run(blanks.join('; '));
    } catch (cause) {
      throw new ConfigError(`httpfs was loaded with lock_configuration on, so that any SQL can read the AWS credentials in duckdb_settings(): ${LOAD_FIRST}`, { cause });
    }
    // Without it each query pays a new TCP and TLS connection.
    await connection.run('SET GLOBAL httpfs_connection_caching = true');
    await this.options.onHttpfs(connection);
    this.isHttpfsReady = true;
  }

  private missing(error: unknown, sql: string): string | undefined {
    if (!this.options.loads || error instanceof DuckDbError) return undefined;
    const text = messageOf(error);
    const patterns = /\bATTACH\b/i.test(sql) ? [...MISSING, MISSING_FOR_ATTACH] : MISSING;
    return patterns.map((pattern) => pattern.exec(text)?.[1]).find((name) => name !== undefined);
  }
}

function joined(...patterns: readonly RegExp[]): RegExp {
  return new RegExp(patterns.map(({ source }) => source).join(''));
}

function mayLoadHttpfs(sql: string): boolean {
  return /\b(?:LOAD|ATTACH)\b/i.test(sql) && USES_HTTPFS.test(sql);
}

const LOAD_FIRST = 'leave lock_configuration out of the settings; execute LOAD httpfs, or a statement that reads by it, and only then SET lock_configuration = true';

/** In a locked instance what httpfs copies could not be blanked. */
async function assertUnlocked(connection: DuckDBConnection): Promise<void> {
  const result = await connection.run("SELECT current_setting('lock_configuration')");
  if ((await result.getRows())[0]?.[0] === true) throw new ConfigError(`httpfs is not loaded with lock_configuration on: ${LOAD_FIRST}`);
}

async function isLoaded(connection: DuckDBConnection): Promise<boolean> {
  const result = await connection.run(`SELECT 1 FROM duckdb_settings() WHERE name = '${COPIED_CREDENTIALS[0]}'`);
  return result.rowCount > 0;
}

function notRepeated(name: string, sql: string, cause: unknown): ExtensionError {
  return new ExtensionError(`the extension "${name}" is loaded by now, but DuckDB has aborted the transaction for want of it: ` +
    `roll back and run it again\n\nin: ${excerpt(sql)}`, { cause, retryable: true });
}
