import { accessSync, constants } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import type { UploadSettings } from './upload-settings';
import { functionMemoryMiB, inLambda } from '../base/lambda-environment';
import { type Limits, limitSettings } from '../memory/limits';

/** What an instance is opened with, and what is SET once its extensions are loaded. */
export interface InstanceSettings {
  readonly atOpen: Readonly<Record<string, string>>;
  /** Our own, which cannot be given at open. */
  readonly afterLock: Readonly<Record<string, string>>;
  /** The user's, once the steps have run that need no network: they may end what such a step can do. */
  readonly last: Readonly<Record<string, string>>;
}

/** What the settings follow from. */
export interface SettingsInput {
  readonly env: NodeJS.ProcessEnv;
  /** A directory of this instance alone: two that share one destroy each other's spill. */
  readonly tempDirectory: string;
  /** What this instance may use of the process's memory and disk. */
  readonly limits: Limits;
  /** The baked extension directory, if there is one. */
  readonly extensionDirectory: string | undefined;
  /** Whether extensions may be loaded without DuckDB's signature check, until the lock. */
  readonly unsigned: boolean;
  /** How it writes to S3, where httpfs is loaded at creation. */
  readonly uploads: UploadSettings | undefined;
  /** The user's own settings; they win. */
  readonly overrides: Readonly<Record<string, string>>;
}

/** Lambda gives one vCPU for each 1,769 MB (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html). */
const MB_PER_VCPU = 1769;

/** DuckDB's settings, derived from Lambda's environment. */
export function deriveSettings(input: SettingsInput): InstanceSettings {
  const { env } = input;
  // These are the process's: an instance has its part of the limits, and a directory of its own in the temp directory.
  const { memory_limit: _memory, max_temp_directory_size: _spill, temp_directory: _root, ...overrides } = input.overrides;
  const { memory_limit, max_temp_directory_size } = limitSettings(input.limits);
  const derived = {
    ...sandboxSettings(env),
    memory_limit,
    ...lambdaThreads(env),
    ...(input.extensionDirectory !== undefined && { extension_directory: input.extensionDirectory }),
    // Where httpfs loads by itself, it copies the environment's credentials into settings that any SQL can read.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_persistent_secrets: 'false',
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
      // At open this one is accepted and not enforced.
      max_temp_directory_size,
      // Without it each query pays a new TCP and TLS connection.
      ...(input.uploads && { httpfs_connection_caching: 'true', ...input.uploads.atCreation }),
    },
    last: Object.fromEntries(overriddenLater.sort(lockLast)),
  };
}

function lambdaThreads(env: NodeJS.ProcessEnv): Record<string, string> {
  const memory = functionMemoryMiB(env);
  return memory === undefined ? {} : { threads: String(Math.max(1, Math.ceil(memory / MB_PER_VCPU))) };
}

/** Lambda has no HOME that can be written, and DuckDB fails in several ways without one. */
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

/** After `lock_configuration` nothing can be SET. */
function lockLast([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return Number(a === 'lock_configuration') - Number(b === 'lock_configuration');
}
