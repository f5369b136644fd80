import { createRequire } from 'node:module';
import { BootstrapError, ConfigError, messageOf } from '../base/errors';
import { rememberSecret } from '../base/redaction';
import { shown } from '../base/shown';
import { AWS, saysOneOf } from '../base/wording';

// Another name than `require`, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

/** Powertools' cache, and the requests that fetch secrets. */
const secretProviders = () => requireFromHere('./secret-providers') as typeof import('./secret-providers');

/** A reference to a secret's value, as the construct wrote it. */
export type SecretReference =
  | { readonly ssm: string; readonly maxAgeSeconds?: number }
  | { readonly secretsManager: string; readonly field?: string; readonly maxAgeSeconds?: number };

/** How a secret is read. */
export interface SecretOptions {
  /** Whether to read past the cache, because a server refused the known value. */
  readonly fresh?: boolean;
}

/** Powertools' own default is 5 s. With it, a warm function would fetch the secret at almost every invocation. */
const DEFAULT_MAX_AGE_SECONDS = 300;

const fetching = new Map<string, Promise<string>>();

/** The value of a secret. Throws a `BOOTSTRAP` error that names the secret and the missing part, never the value. */
export async function readSecret(reference: SecretReference, options: SecretOptions = {}): Promise<string> {
  const text = await fetchOnce(reference, options);
  const field = 'field' in reference ? reference.field : undefined;
  const value = field === undefined ? text : fieldOf(text, field, reference);
  rememberSecret(value);
  return value;
}

/** The fields of a JSON secret, as RDS stores them. Only the password counts as secret. */
export async function readSecretFields(reference: SecretReference, options: SecretOptions = {}): Promise<Readonly<Record<string, unknown>>> {
  const fields = parse(await fetchOnce(reference, options), reference);
  if (typeof fields.password === 'string') rememberSecret(fields.password);
  return fields;
}

export function isSecretReference(value: unknown): value is SecretReference {
  const reference = value as Partial<Record<string, unknown>> | null | undefined;
  const isReference = typeof reference?.ssm === 'string' || typeof reference?.secretsManager === 'string';
  return isReference && (reference?.maxAgeSeconds === undefined || typeof reference.maxAgeSeconds === 'number');
}

/** `value` as a reference to a secret. Throws `CONFIG` if it is not one. */
export function secretReference(value: unknown, where: string): SecretReference {
  if (isSecretReference(value)) return value;
  throw new ConfigError(`${where} is ${shown(value)}, expected {"ssm": NAME} or {"secretsManager": ARN}`);
}

/** Requests in flight. Powertools caches values, but lets each of several concurrent callers make the request. */
function fetchOnce(reference: SecretReference, { fresh = false }: SecretOptions): Promise<string> {
  const key = JSON.stringify([reference, fresh]);
  const present = fetching.get(key);
  if (present) return present;
  const request = fetch(reference, fresh).finally(() => fetching.delete(key));
  fetching.set(key, request);
  return request;
}

async function fetch(reference: SecretReference, fresh: boolean): Promise<string> {
  try {
    const { ssm, secretsManager } = secretProviders();
    const options = { forceFetch: fresh, maxAge: reference.maxAgeSeconds ?? DEFAULT_MAX_AGE_SECONDS };
    const value = 'ssm' in reference ? await ssm.get(reference.ssm, options) : await secretsManager.get(reference.secretsManager, options);
    if (typeof value === 'string') return value;
  } catch (error) {
    throw unreadable(reference, (error as Error).cause ?? error);
  }
  throw new BootstrapError(`${describe(reference)} holds no text: expected a string`, { retryable: false });
}

function unreadable(reference: SecretReference, cause: unknown): BootstrapError {
  const { code = '', passing = true } = cause as { code?: string; passing?: boolean };
  const permission = 'ssm' in reference ? 'ssm:GetParameter' : 'secretsmanager:GetSecretValue';
  const fix = saysOneOf([AWS.accessDenied, AWS.notAuthorized], code)
    ? `; the function's role needs ${permission} on it, and kms:Decrypt on its key if that is your own`
    : AWS.notFound.test(code) ? '; check its name, account and region' : '';
  return new BootstrapError(`cannot read ${describe(reference)}: ${messageOf(cause)}${fix}`, { cause, retryable: passing });
}

function fieldOf(text: string, field: string, reference: SecretReference): string {
  const fields = parse(text, reference);
  const value = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  const present = Object.keys(fields).map((name) => `"${name}"`).join(', ') || 'none';
  throw new BootstrapError(`${describe(reference)} has no text in the field "${field}"; its fields are: ${present}`, { retryable: false });
}

function parse(text: string, reference: SecretReference): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // The parser's message would contain part of the value.
  }
  throw new BootstrapError(`${describe(reference)} is not a JSON object: expected one such as {"username": "...", "password": "..."}`, { retryable: false });
}

function describe(reference: SecretReference): string {
  return 'ssm' in reference ? `the SSM parameter "${reference.ssm}"` : `the secret "${reference.secretsManager}"`;
}
