import { createRequire } from 'node:module';
import { readSecret, readSecretFields, type SecretReference } from '../../aws/secrets';
import { BootstrapError } from '../../base/errors';
import type { StepOptions } from '../step-options';

// A distinct name, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

/** The module that signs in to RDS with an IAM token. */
const rdsToken = () => requireFromHere('../../aws/rds-token') as typeof import('../../aws/rds-token');

/** The address of a PostgreSQL database, and the credentials for it. */
export interface PostgresLogin {
  readonly host: string;
  readonly port: string;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** When the password expires, if it does. */
  readonly ends?: number;
}

/** Reads the login again, without the cache if the known login was refused. */
export type LoginSource = (fresh: boolean, env: NodeJS.ProcessEnv) => Promise<PostgresLogin>;

const DEFAULT_PORT = 5432;

/** Reads how to sign in from a Postgres step's configuration. Throws `CONFIG` unless the configuration names exactly one way. */
export function loginSource(options: StepOptions): LoginSource {
  const password = options.secret('password');
  const secret = options.secret('secret');
  const iam = options.flag('iam');
  if ([password, secret, iam || undefined].filter((way) => way !== undefined).length !== 1) {
    options.refuse('password', 'exactly one of "password", "secret" and "iam"');
  }
  return secret ? fromSecret(options, secret) : withPassword(options, password);
}

function withPassword(options: StepOptions, reference: SecretReference | undefined): LoginSource {
  const target = {
    host: options.requiredText('host'),
    port: String(options.number('port') ?? DEFAULT_PORT),
    database: options.requiredText('database'),
    user: options.requiredText('user'),
  };
  if (reference === undefined) return async (_, env) => ({ ...target, ...await rdsToken().makeRdsToken(target, env) });
  return async (fresh) => ({ ...target, password: await readSecret(reference, { fresh }) });
}

/** A secret as RDS stores it. The configuration takes precedence, and the secret supplies the rest. */
function fromSecret(options: StepOptions, reference: SecretReference): LoginSource {
  const [host, port, database, user] = [options.text('host'), options.number('port'), options.text('database'), options.text('user')];
  return async (fresh) => {
    const fields = await readSecretFields(reference, { fresh });
    const field = (given: string | undefined, name: string) => given ?? textOf(fields, name);
    return {
      host: field(host, 'host'),
      port: String(port ?? fields.port ?? DEFAULT_PORT),
      database: field(database, 'dbname'),
      user: field(user, 'username'),
      password: textOf(fields, 'password'),
    };
  };
}

function textOf(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name];
  if (typeof value === 'string' && value !== '') return value;
  const present = Object.keys(fields).map((field) => `"${field}"`).join(', ') || 'none';
  throw new BootstrapError(`the secret has no field "${name}", and the step does not set it either; its fields are: ${present}`, { retryable: false });
}
