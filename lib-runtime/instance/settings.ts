import { accessSync, constants } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import type { UploadSettings } from './upload-settings';
import { functionMemoryMiB, inLambda } from '../base/lambda-environment';
import { type Limits, limitSettings } from '../memory/limits';

/** The settings with which an instance is opened, and those that are SET after its extensions are loaded. */
export interface InstanceSettings {
  readonly atOpen: Readonly<Record<string, string>>;
  /** The library's own settings that cannot be given at opening. */
  readonly afterLock: Readonly<Record<string, string>>;
  /** The user's settings, SET after the steps that do not need the network have run, because such a setting may prevent what a step does. */
  readonly last: Readonly<Record<string, string>>;
}

/** The inputs of the settings. */
export interface SettingsInput {
  readonly env: NodeJS.ProcessEnv;
  /** A directory for this instance only: two instances with the same directory destroy each other's spill. */
  readonly tempDirectory: string;
  /** The instance's share of the process's memory and disk. */
  readonly limits: Limits;
  /** The image's extension directory, if there is one. */
  readonly extensionDirectory: string | undefined;
  /** Whether extensions may be loaded without DuckDB's signature check before the lock. */
  readonly unsigned: boolean;
  /** Whether a step attaches a catalog, which may be far away. */
  readonly attachesCatalogs: boolean;
  /** The settings for writing to S3, if httpfs is loaded at creation. */
  readonly uploads: UploadSettings | undefined;
  /** The user's own settings, which take precedence. */
  readonly overrides: Readonly<Record<string, string>>;
}

/** Lambda provides one vCPU per 1,769 MB (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html). */
const MB_PER_VCPU = 1769;

/** DuckDB's settings, derived from Lambda's environment. */
export function deriveSettings(input: SettingsInput): InstanceSettings {
  const { env } = input;
  // These are the process's settings. An instance has a share of the limits, and its own directory in the temp directory.
  const { memory_limit: _memory, max_temp_directory_size: _spill, temp_directory: _root, ...overrides } = input.overrides;
  const { memory_limit, max_temp_directory_size } = limitSettings(input.limits);
  const derived = {
    ...sandboxSettings(env),
    memory_limit,
    ...lambdaThreads(env),
    ...(input.extensionDirectory !== undefined && { extension_directory: input.extensionDirectory }),
    // If httpfs loads automatically, it copies the environment's credentials into settings that any SQL can read.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_persistent_secrets: 'false',
    // For an unknown name, DuckDB would list the tables of all attached catalogs. It still suggests names from where it has looked.
    ...(input.attachesCatalogs && { catalog_error_max_schemas: '0' }),
  };
  const overriddenAtOpen = Object.fromEntries(Object.entries(overrides).filter(([name]) => name in derived));
  const overriddenLater = Object.entries(overrides).filter(([name]) => !(name in derived));
  return {
    atOpen: {
      ...derived,
      ...overriddenAtOpen,
      temp_directory: input.tempDirectory,
      ...(input.unsigned && { allow_unsigned_extensions: 'true' }),
    },
    afterLock: {
      timezone: 'UTC',
      // When given at opening, this setting is accepted but has no effect.
      max_temp_directory_size,
      // Without it, each query needs a new TCP and TLS connection.
      ...(input.uploads && { httpfs_connection_caching: 'true', ...input.uploads.atCreation }),
    },
    last: Object.fromEntries(overriddenLater.sort(lockLast)),
  };
}

function lambdaThreads(env: NodeJS.ProcessEnv): Record<string, string> {
  const memory = functionMemoryMiB(env);
  return memory === undefined ? {} : { threads: String(Math.max(1, Math.ceil(memory / MB_PER_VCPU))) };
}

/** Lambda does not have a writable HOME, and DuckDB fails in several ways without one. */
function sandboxSettings(env: NodeJS.ProcessEnv): Record<string, string> {
  if (!inLambda(env) && writable(homedir())) return {};
  return { home_directory: tmpdir(), secret_directory: `${tmpdir()}/.duckdb/stored_secrets` };
}

function writable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** After `lock_configuration`, nothing can be SET. */
function lockLast([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return Number(a === 'lock_configuration') - Number(b === 'lock_configuration');
}
