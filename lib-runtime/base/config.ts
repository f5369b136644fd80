import { ConfigError, messageOf } from './errors';
import { shown } from './shown';

/** One bootstrap step as the construct declared it. */
export interface StepConfig {
  readonly name: string;
  readonly type: string;
  /** Catalogs that this step attaches. */
  readonly provides: readonly string[];
  readonly config: Readonly<Record<string, unknown>>;
}

/** A logical database as the construct declared it. */
export interface DatabaseConfig {
  /** Its file; undefined for a database in memory. */
  readonly file?: string;
  /** The names of the steps that its queries may trigger; undefined means all. */
  readonly steps?: readonly string[];
}

/** Where queries write results that are too large for an answer. */
export interface ResultsConfig {
  /** The URL that the results' objects begin with: `s3://bucket/prefix/`. */
  readonly location: string;
}

/** How the HTTP events of a function of queries are answered. */
export interface HttpConfig {
  readonly streaming?: boolean;
  readonly cors?: CorsConfig;
}

/** Which web pages may read the answers. */
export interface CorsConfig {
  readonly allowedOrigins: readonly string[];
  readonly allowCredentials?: boolean;
  readonly allowedHeaders?: readonly string[];
  readonly exposedHeaders?: readonly string[];
  readonly maxAgeSeconds?: number;
}

/** The contents of `DUCKDB_LAMBDA_CONFIG`. If it is not set (a laptop, a unit test), S3 follows the environment, and extensions are loaded when needed. */
export interface RuntimeConfig {
  /** Extensions to load at creation, dependencies first. */
  readonly extensions: readonly string[];
  /** Bootstrap steps, in declared order. */
  readonly steps: readonly StepConfig[];
  /** DuckDB settings that override the derived ones. */
  readonly settings: Readonly<Record<string, string>>;
  /** Whether DuckDB checks signatures at LOAD. */
  readonly verifyExtensions: boolean;
  /** Whether the steps run in Lambda's init phase. */
  readonly eager?: boolean;
  /** The declared logical databases, by name. `default` always exists. */
  readonly databases?: Readonly<Record<string, DatabaseConfig>>;
  /** Whether CloudWatch metrics are printed. */
  readonly metrics?: boolean;
  /** The function's timeout; unknown on a laptop, or if it was a token at synth. */
  readonly timeoutSeconds?: number;
  /** Where large results are written; undefined if nowhere. */
  readonly results?: ResultsConfig;
  /** How HTTP events are answered. */
  readonly http?: HttpConfig;
  /** Whether extensions are loaded when a statement needs them, because nothing is declared. */
  readonly undeclared?: boolean;
}

/** The type of the step that exists if no stack has declared steps. */
export const ENVIRONMENT_S3 = 's3-of-environment';

const VARIABLE = 'DUCKDB_LAMBDA_CONFIG';
const EXTENSION_NAME = /^[a-z0-9_]+$/;

const UNDECLARED: RuntimeConfig = {
  extensions: [],
  steps: [{ name: 's3', type: ENVIRONMENT_S3, provides: [], config: {} }],
  settings: {},
  verifyExtensions: false,
  undeclared: true,
};

/** Reads and validates `DUCKDB_LAMBDA_CONFIG`. Throws a `CONFIG` error that says what is wrong. */
export function readConfig(env: NodeJS.ProcessEnv): RuntimeConfig {
  const text = env[VARIABLE];
  if (text === undefined || text === '') return UNDECLARED;
  const raw = object(parse(text), VARIABLE);
  if (raw.version !== 1) {
    throw new ConfigError(`${VARIABLE} has version ${JSON.stringify(raw.version)}, expected 1: deploy the stack and the handler ` +
      'with the same version of cdk-duckdb-lambda');
  }
  const steps = list(raw.steps, 'steps').map((step, index) => stepConfig(object(step, `steps[${index}]`), index));
  const repeated = steps.find((step, index) => steps.findIndex(({ name }) => name === step.name) !== index);
  if (repeated) throw new ConfigError(`${VARIABLE} declares the bootstrap step "${repeated.name}" twice: give each step a different name`);
  return {
    extensions: list(raw.extensions, 'extensions').map(extensionName),
    steps,
    settings: settings(raw.settings ?? {}),
    verifyExtensions: raw.verifyExtensions === true,
    ...(raw.mode === 'eager' && { eager: true }),
    ...(raw.databases !== undefined && { databases: databases(raw.databases, steps) }),
    ...(raw.metrics === true && { metrics: true }),
    ...(raw.timeoutSeconds !== undefined && { timeoutSeconds: seconds(raw.timeoutSeconds) }),
    ...(raw.results !== undefined && { results: results(raw.results) }),
    ...(raw.http !== undefined && { http: http(raw.http) }),
  };
}

/** Like `readConfig`, for use at import. An invalid configuration counts as empty there. The first call reports the error. */
export function readConfigAtImport(env: NodeJS.ProcessEnv): RuntimeConfig {
  try {
    return readConfig(env);
  } catch {
    return readConfig({});
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`${VARIABLE} is not JSON (${messageOf(error)}): the construct writes it; do not set it by hand`);
  }
}

function seconds(value: unknown): number {
  if (typeof value === 'number' && value > 0) return value;
  throw new ConfigError(`${VARIABLE} timeoutSeconds is ${JSON.stringify(value)}, expected a number above 0`);
}

function results(value: unknown): ResultsConfig {
  const { location } = object(value, `${VARIABLE} results`);
  if (typeof location === 'string' && /^s3:\/\/[^/]+\/(?:[^/]+\/)+$/.test(location)) return { location };
  throw new ConfigError(`${VARIABLE} results.location is ${JSON.stringify(location)}, expected a folder such as "s3://bucket/results/"`);
}

function http(value: unknown): HttpConfig {
  const { streaming, cors } = object(value, `${VARIABLE} http`);
  return { ...(streaming === true && { streaming }), ...(cors !== undefined && { cors: object(cors, `${VARIABLE} http.cors`) as unknown as CorsConfig }) };
}

function stepConfig(step: Record<string, unknown>, index: number): StepConfig {
  const { name, type } = step;
  if (typeof name !== 'string' || name === '') throw new ConfigError(`${VARIABLE} steps[${index}].name is ${JSON.stringify(name)}, expected a name`);
  if (typeof type !== 'string' || type === '') {
    throw new ConfigError(`${VARIABLE} steps[${index}].type is ${JSON.stringify(type)}, expected a step type such as "s3"`);
  }
  return {
    name,
    type,
    provides: list(step.provides, `steps[${index}].provides`).map((catalog) => catalogName(catalog, name)),
    config: object(step.config ?? {}, `steps[${index}].config`),
  };
}

function catalogName(catalog: unknown, step: string): string {
  if (typeof catalog === 'string' && catalog !== '') return catalog;
  throw new ConfigError(`${VARIABLE} has ${JSON.stringify(catalog)} among what the bootstrap step "${step}" provides, expected names of catalogs`);
}

function databases(value: unknown, steps: readonly StepConfig[]): Readonly<Record<string, DatabaseConfig>> {
  const entries = Object.entries(object(value, `${VARIABLE} databases`)).map(([name, item]) => {
    const where = `databases.${name}`;
    const { file, steps: names } = object(item, `${VARIABLE} ${where}`);
    if (file !== undefined && (typeof file !== 'string' || file === '')) {
      throw new ConfigError(`${VARIABLE} ${where}.file is ${JSON.stringify(file)}, expected a path`);
    }
    return [name, { ...(file !== undefined && { file }), ...(names !== undefined && { steps: stepNames(names, `${where}.steps`, steps) }) }] as const;
  });
  return Object.fromEntries(entries);
}

function stepNames(value: unknown, where: string, steps: readonly StepConfig[]): readonly string[] {
  return list(value, where).map((name) => {
    if (steps.some((step) => step.name === name)) return name as string;
    throw new ConfigError(`${VARIABLE} ${where} names ${JSON.stringify(name)}, which is not a declared bootstrap step`);
  });
}

/** Names become SQL while unsigned extensions are allowed, so only plain names are accepted. */
function extensionName(name: unknown): string {
  if (typeof name === 'string' && EXTENSION_NAME.test(name)) return name;
  throw new ConfigError(`${VARIABLE} names the extension ${JSON.stringify(name)}, expected lower-case letters, digits and _`);
}

/**
 * DuckDB's settings by name, as text.
 *
 * Refuses settings that would undo the runtime's lock.
 */
export function settings(values: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(object(values, 'settings')).map(([name, value]) => {
    if (!EXTENSION_NAME.test(name.toLowerCase())) {
      throw new ConfigError(`"${name}" is not the name of a DuckDB setting: see https://duckdb.org/docs/stable/configuration/overview`);
    }
    if (name.toLowerCase() === 'allow_unsigned_extensions') {
      throw new ConfigError('the setting "allow_unsigned_extensions" cannot be changed: extensions without DuckDB\'s signature are never loaded');
    }
    if (!['string', 'number', 'boolean'].includes(typeof value)) {
      throw new ConfigError(`the setting "${name}" is ${shown(value)}, expected a string, a number or a boolean`);
    }
    return [name.toLowerCase(), String(value)] as const;
  });
  return Object.fromEntries(entries);
}

/** Whether `settings` lock the configuration. An instance then keeps the settings that it was created with. */
export function locksConfiguration({ lock_configuration: lock }: Readonly<Record<string, string>>): boolean {
  return lock !== undefined && !/^(?:false|f|no|n|0)$/i.test(lock.trim());
}

function object(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ConfigError(`${where} is ${shown(value)}, expected an object`);
}

function list(value: unknown, where: string): unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw new ConfigError(`${VARIABLE} ${where} is ${JSON.stringify(value)}, expected a list`);
}
