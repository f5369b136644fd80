import { dirname } from 'node:path';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { claimFile, missingFiles, releaseFiles, removeUnfinished } from './files';
import { Instance } from './instance';
import { RemoteAccess } from './remote-access';
import { deriveSettings } from './settings';
import { mayChangeThreads, ThreadCount } from './thread-count';
import { UploadSettings } from './upload-settings';
import { warnInWorkerThread } from './worker-threads';
import type { RuntimeConfig } from '../base/config';
import { sendEarlyRequests } from '../base/early-requests';
import { ConfigError, DuckDbError, ExtensionError, FatalError, messageOf } from '../base/errors';
import { quotedString } from '../base/sql-text';
import { DUCKDB, saysOneOf, SYSTEM } from '../base/wording';
import { CatalogStep } from '../bootstrap/catalog-step';
import { WATCH_SCHEMAS } from '../bootstrap/postgres/postgres-schema';
import { makeSteps } from '../bootstrap/step-types';
import { loadApi, loadBindings, openRaw } from '../client/client';
import { nativeCall } from '../client/native-calls';
import { COPIED_CREDENTIALS, findExtensions, loadExtensions } from '../extensions/extensions';
import { extensionsOnDemand } from '../extensions/extensions-on-demand';
import type { Limits } from '../memory/limits';
import { newSpillDirectory } from '../memory/spill';
import { traced } from '../observe/tracing';

/** The inputs of a new instance. */
export interface InstanceOptions {
  /** A database file, or `:memory:`. */
  readonly path: string;
  readonly config: RuntimeConfig;
  readonly env: NodeJS.ProcessEnv;
  /** Its share of the process's memory and disk. */
  readonly limits: Limits;
  /** The steps that may run at its creation. @default - all declared steps */
  readonly bootstrap?: readonly string[];
  /** Called when the file is claimed, just before it is opened. */
  readonly beforeOpening?: () => void;
}

/** Errors for a file that is not a database, or has a version that this DuckDB cannot read. */
const NO_DATABASE = [DUCKDB.invalidDatabase, DUCKDB.databaseVersion];
const DISK_FULL = [SYSTEM.noSpace, SYSTEM.noSpaceCode];

/**
 * Opens an instance, LOADs its extensions and locks it. Only this library's SQL can run before the lock, because nobody else has the instance yet.
 */
export function createInstance(options: InstanceOptions): Promise<Instance> {
  return traced('create', () => ({ path: options.path }), () => nativeCall(() => create(options)));
}

async function create({ path, config, env, limits, bootstrap, beforeOpening }: InstanceOptions): Promise<Instance> {
  const started = performance.now();
  warnInWorkerThread(env);
  const source = findExtensions(env, config.extensions, config.verifyExtensions);
  const httpfs = config.extensions.includes('httpfs');
  const tempDirectory = newSpillDirectory(config.settings.temp_directory);
  const steps = makeSteps(config.steps, { env, timeoutSeconds: config.timeoutSeconds });
  const allowed = steps.filter(({ name }) => bootstrap?.includes(name) ?? true);
  const uploads = httpfs ? new UploadSettings(limits, config.settings) : undefined;
  const settings = deriveSettings({
    env,
    tempDirectory,
    limits,
    extensionDirectory: source.directory,
    unsigned: source.trusted,
    attachesCatalogs: steps.some((step) => step instanceof CatalogStep && !step.required),
    uploads,
    overrides: config.settings,
  });
  const fileOwner = {};
  const duckdb = await open({ path, settings: settings.atOpen, given: config.settings, owner: fileOwner, beforeOpening });
  const opened = performance.now();
  const instance = new Instance(duckdb, tempDirectory, fileOwner, steps);
  const remoteAccess = () => new RemoteAccess(threadCount(settings.atOpen.threads, config, limits, instance));
  if (!httpfs) {
    instance.onDemand = extensionsOnDemand({
      source,
      loads: config.undeclared === true,
      withRaw: (task) => instance.withRaw(task),
      onHttpfs: async (connection) => {
        instance.uploads = new UploadSettings(limits, config.settings);
        instance.remote = remoteAccess();
        await applySettings(connection, instance.uploads.atCreation);
        await instance.limitRequestsFromNow(connection, config);
        for (const step of allowed) await step.prepare?.(connection);
      },
    });
  }
  instance.uploads = uploads;
  if (httpfs) instance.remote = remoteAccess();
  try {
    await instance.withRaw(async (connection) => {
      await loadExtensions(connection, source, config.extensions);
      const loaded = performance.now();
      await lock(connection, source.trusted, httpfs ? COPIED_CREDENTIALS : [], settings.afterLock);
      // A version of the extension without this setting works as before.
      if (watchesSchemas(config)) await connection.run(WATCH_SCHEMAS).catch(() => undefined);
      if (httpfs) await instance.limitRequestsFromNow(connection, config);
      const locked = performance.now();
      await instance.bootstrap.runImmediate(bootstrap);
      await applySettings(connection, settings.last);
      const phases = { open: opened - started, load: loaded - opened, lock: locked - loaded };
      instance.timings = { ...phases, steps: instance.bootstrap.timings, total: performance.now() - started };
    });
    return instance;
  } catch (error) {
    await instance.close();
    throw error;
  }
}

/**
 * Whether DuckDB asks at each use of a PostgreSQL table whether the schema has changed. The tables in which DuckLake keeps its metadata do not
 * change, and it reads so many that it would ask 16 times for each statement.
 */
function watchesSchemas({ extensions, steps }: RuntimeConfig): boolean {
  const has = (type: string) => steps.some((step) => step.type === type);
  return extensions.includes('postgres_scanner') && (has('postgres') || !has('ducklake'));
}

/** In Lambda, where the number of threads follows from the function's memory. */
function threadCount(vcpus: string | undefined, { settings }: RuntimeConfig, limits: Limits, instance: Instance): ThreadCount | undefined {
  return vcpus !== undefined && mayChangeThreads(settings) ? new ThreadCount(Number(vcpus), limits, instance) : undefined;
}

interface Opening {
  readonly path: string;
  readonly settings: Readonly<Record<string, string>>;
  /** The settings among them that the user has set. */
  readonly given: Readonly<Record<string, string>>;
  readonly owner: object;
  readonly beforeOpening?: () => void;
}

async function open({ path, settings, given, owner, beforeOpening }: Opening): Promise<DuckDBInstance> {
  let missing: readonly string[] = [];
  try {
    if (path !== ':memory:') claimFile(path, owner);
    beforeOpening?.();
    if (path !== ':memory:') missing = missingFiles([path]);
    const opening = openRaw(path, settings);
    opening.catch(() => undefined);
    // Sending a request needs this thread. After that, its round trip overlaps with the following work.
    const departure = sendEarlyRequests();
    if (departure) await Promise.race([departure, opening]);
    // While a libuv thread opens the instance, this one evaluates the client's JavaScript.
    const { DuckDBInstance: Wrapper } = loadApi();
    return new Wrapper(await opening);
  } catch (cause) {
    removeUnfinished(missing);
    releaseFiles(owner);
    if (cause instanceof DuckDbError) throw cause;
    const text = messageOf(cause);
    if (!saysOneOf(DISK_FULL, text)) await checkSettings(settings, Object.keys(given));
    const why = saysOneOf(DISK_FULL, text) ? diskFull(path, text) : text;
    throw new FatalError(`cannot open DuckDB at "${path}": ${why}`, { cause, retryable: !saysOneOf(NO_DATABASE, text) });
  }
}

function diskFull(path: string, text: string): string {
  return `the disk is full (${text}): remove files that are not needed from ${dirname(path)}, or give the function more ephemeralStorageSize`;
}

/** DuckDB's error at opening does not name the setting, so each setting of the user's is tried alone. Throws `CONFIG` for a setting that fails. */
async function checkSettings(settings: Readonly<Record<string, string>>, names: readonly string[]): Promise<void> {
  for (const name of names.filter((each) => each in settings)) {
    try {
      loadBindings().close_sync(await openRaw(':memory:', { [name]: settings[name]! }));
    } catch (cause) {
      throw new ConfigError(`cannot set "${name}" to "${settings[name]}": ${messageOf(cause)}`, { cause });
    }
  }
}

/**
 * Blanks settings, and ends loading extensions without a signature check. This is one-way: DuckDB does not allow it again while it runs. The result
 * is read back, because all other protection depends on it. `settings` are the library's own, in the same call, because each call costs a thread
 * switch.
 */
async function lock(
  connection: DuckDBConnection, isUnlocked: boolean, blanked: readonly string[], settings: Readonly<Record<string, string>>,
): Promise<void> {
  const locking = [...isUnlocked ? ['SET allow_unsigned_extensions = false'] : [], ...blanked.map((name) => set(name, ''))];
  if (locking.length > 0) await connection.run(locking.join('; '));
  // For several statements, the client returns the first one's result.
  const readBack = "SELECT current_setting('allow_unsigned_extensions')";
  const result = await connection.run([readBack, ...Object.entries(settings).map(([name, value]) => set(name, value))].join('; '));
  if ((await result.getRows())[0]?.[0] !== false) {
    throw new ExtensionError('DuckDB still allows unsigned extensions after they were turned off: this instance cannot be used');
  }
}

async function applySettings(connection: DuckDBConnection, settings: Readonly<Record<string, string>>): Promise<void> {
  if (Object.keys(settings).length === 0) return;
  const script = Object.entries(settings).map(([name, value]) => set(name, value)).join('; ');
  // Each call costs a thread switch. If the batch fails, single calls show which setting fails.
  if (await connection.run(script).then(() => true, () => false)) return;
  for (const [name, value] of Object.entries(settings)) {
    try {
      await connection.run(set(name, value));
    } catch (cause) {
      throw new ConfigError(`cannot set "${name}" to "${value}": ${messageOf(cause)}`, { cause });
    }
  }
}

function set(name: string, value: string): string {
  return `SET GLOBAL ${name} = ${quotedString(value)}`;
}
