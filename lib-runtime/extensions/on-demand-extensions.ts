import { existsSync } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import { COPIED_CREDENTIALS, extensionFile, type ExtensionSource, installCommand, loadExtensions } from './extensions';
import { ConfigError, DuckDbError, ExtensionError, messageOf } from '../base/errors';
import { excerpt } from '../base/sql-text';
import { DUCKDB, DUCKDB_EXTENSION, saysOneOf } from '../base/wording';
import type { ConnectionLease } from '../execution/connection';
import { isInTransaction } from '../execution/transactions';

const RETRY_AFTER_MS = 1000;

/** The means to load an instance's extensions. */
export interface OnDemandOptions {
  readonly source: ExtensionSource;
  /** Whether extensions are loaded when a statement needs them. If not, only the settings that httpfs copies are blanked. */
  readonly loads: boolean;
  /** Called once httpfs is loaded, before any statement can use it. */
  readonly onHttpfs: (connection: DuckDBConnection) => Promise<void>;
  /** Runs a task on a new connection. */
  withRaw(task: (connection: DuckDBConnection) => Promise<void>): Promise<void>;
}

/** The URLs that httpfs reads. */
const HTTPFS_URL = /\b(?:https?|s3[an]?|gcs|gs|r2|hf):\/\//i;
/** The name of httpfs, and of extensions that load it, also within a file's name. */
const USES_HTTPFS = /httpfs|iceberg|delta|ducklake|unity_catalog|aws/i;
/** Matches only the end of the first line of an error of such a class. The rest may come from the user. */
const MISSING = [
  joined(DUCKDB.missingExtensionError, /[^\n]*/, DUCKDB_EXTENSION.requiresExtension),
  ...[DUCKDB.catalogError, DUCKDB.binderError, DUCKDB.invalidInputError].map((errorClass) => (
    joined(errorClass, /[^\n]*/, DUCKDB_EXTENSION.existsInExtension)
  )),
];
const MISSING_FOR_ATTACH = joined(DUCKDB.ioError, DUCKDB_EXTENSION.extensionNotFound);
/** Errors of statements that DuckDB had only bound. An open transaction continues. */
const HARMLESS = [DUCKDB.catalogError, DUCKDB.binderError];

/**
 * Loads extensions when a statement needs them: on a laptop or in a unit test, where no stack has declared any.
 *
 * Replaces DuckDB's own autoload. There, httpfs copies the environment's AWS credentials into settings that any SQL can read, and uses them for
 * requests to AWS, wherever `AWS_ENDPOINT_URL_S3` points.
 */
export class OnDemandExtensions {
  private readonly loading = new Map<string, Promise<void>>();
  private hasFailed = false;
  private isHttpfsReady = false;

  constructor(private readonly options: OnDemandOptions) {}

  /** Loads httpfs if the text of `sql` shows that it is needed. Without it, DuckDB would abort an open transaction. */
  async before(sql: string): Promise<void> {
    if (!this.options.loads || this.isHttpfsReady || this.hasFailed) return;
    // A failure is ignored: the URL may be plain text, and the machine may be offline.
    if (HTTPFS_URL.test(sql) || mayLoadHttpfs(sql)) await this.ensure('httpfs').catch(() => this.hasFailed = true);
  }

  /** Runs a statement. If it fails because an extension is missing, loads the extension and runs the statement again. */
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

  /**
   * Loads an extension once for all concurrent callers. After a failure, tries again after a second at the earliest. Throws `EXTENSION`, with the
   * fix.
   */
  ensure(name: string): Promise<void> {
    const known = this.loading.get(name);
    if (known) return known;
    const loading = this.options.withRaw((connection) => this.load(connection, name));
    this.loading.set(name, loading);
    // One statement may ask several times, and a failing download takes a while.
    loading.catch(() => setTimeout(() => this.loading.delete(name), RETRY_AFTER_MS).unref());
    return loading;
  }

  /** Blanks the settings that httpfs has copied, if it has been loaded. */
  async settle(): Promise<void> {
    if (!this.isHttpfsReady) await this.options.withRaw((connection) => this.settleHttpfs(connection));
  }

  private async load(connection: DuckDBConnection, name: string): Promise<void> {
    const { source } = this.options;
    const { directory } = source;
    if (directory !== undefined && !existsSync(extensionFile(directory, name))) {
      throw new ExtensionError(`the extension "${name}" is needed, but is not in DUCKDB_EXTENSIONS_DIR: no ${extensionFile(directory, name)}; install it with: ` +
        installCommand(name, directory));
    }
    if (name === 'httpfs') await assertUnlocked(connection);
    await loadExtensions(connection, source, [name]);
    // Some other extensions load httpfs themselves.
    await this.settleHttpfs(connection);
  }

  /** httpfs copies only once. */
  private async settleHttpfs(connection: DuckDBConnection): Promise<void> {
    if (this.isHttpfsReady || !await isLoaded(connection)) return;
    const blanks = COPIED_CREDENTIALS.map((name) => `SET GLOBAL ${name} = ''`);
    try {
      await connection.run(blanks.join('; '));
    } catch (cause) {
      throw new ConfigError(`httpfs was loaded with lock_configuration on, so that any SQL can read the AWS credentials in duckdb_settings(): ${LOAD_FIRST}`, { cause });
    }
    // Without this, each query opens a new TCP and TLS connection.
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

const LOAD_FIRST = 'remove lock_configuration from the settings; execute LOAD httpfs, or a statement that uses it, and only then SET lock_configuration = true';

/** In a locked instance, the settings that httpfs copies could not be blanked. */
async function assertUnlocked(connection: DuckDBConnection): Promise<void> {
  const result = await connection.run("SELECT current_setting('lock_configuration')");
  if ((await result.getRows())[0]?.[0] === true) throw new ConfigError(`httpfs is not loaded with lock_configuration on: ${LOAD_FIRST}`);
}

async function isLoaded(connection: DuckDBConnection): Promise<boolean> {
  const result = await connection.run(`SELECT 1 FROM duckdb_settings() WHERE name = '${COPIED_CREDENTIALS[0]}'`);
  return result.rowCount > 0;
}

function notRepeated(name: string, sql: string, cause: unknown): ExtensionError {
  return new ExtensionError(`the extension "${name}" is loaded now, but DuckDB has aborted the transaction because it was missing: ` +
    `roll back and run it again\n\nin: ${excerpt(sql)}`, { cause, retryable: true });
}
