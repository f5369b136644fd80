import type { DuckDBConnection } from '@duckdb/node-api';
import { isSecretReference, readSecret } from '../../aws/secrets';
import { quotedIdentifier, quotedString } from '../../base/sql-text';
import { runBound } from '../run-bound';
import type { StepOptions } from '../step-options';

/** A token, or what DuckDB gets tokens for, as the values of DuckDB's secret. */
type Login = Readonly<Record<string, string>>;

/** After a refusal without newer credentials, the secret store is not asked for this long. Many statements would ask it at once. */
const PAUSE_MS = 5_000;

/** How a step signs in to a REST catalog that does not check AWS signatures: with a token, or with a client's id and secret. */
export class IcebergLogin {
  private current: Login | undefined;
  private pausedUntil = 0;

  /** `secret` is the name of the DuckDB secret. `isToken` tells whether it holds a token, which DuckDB cannot renew. */
  constructor(
    readonly secret: string,
    readonly isToken: boolean,
    private readonly read: (fresh: boolean) => Promise<Login>,
    private readonly literals: Login,
  ) {}

  /** Creates the DuckDB secret. With a client's id and secret, DuckDB then fetches a token. */
  async put(connection: DuckDBConnection): Promise<void> {
    await this.create(connection, await this.read(false));
  }

  /** Creates the DuckDB secret with newer values, after the catalog's refusal. Returns whether the secret store has others. */
  async renew(connection: DuckDBConnection): Promise<boolean> {
    if (Date.now() < this.pausedUntil) return false;
    const { current } = this;
    const login = await this.read(true);
    // DuckDB does not renew the tokens of a client without an id.
    if (current !== undefined && login.client_id !== '' && Object.entries(login).every(([name, value]) => current[name] === value)) {
      this.pausedUntil = Date.now() + PAUSE_MS;
      return false;
    }
    await this.create(connection, login);
    return true;
  }

  /** The header of a request that is signed in. Undefined without a token, or if DuckDB alone has it. */
  get authorization(): string | undefined {
    return this.isToken && this.current ? `Bearer ${this.current.token}` : undefined;
  }

  private async create(connection: DuckDBConnection, login: Login): Promise<void> {
    const bound = Object.keys(login).map((name) => `, ${name.toUpperCase()} $${name}`).join('');
    const literals = Object.entries(this.literals).map(([name, value]) => `, ${name} ${quotedString(value)}`).join('');
    // Values are bound and never written into the SQL, because parser errors and logs repeat SQL.
    await runBound(connection, `CREATE OR REPLACE TEMPORARY SECRET ${quotedIdentifier(this.secret)} (TYPE iceberg${bound}${literals})`, login);
    this.current = login;
  }
}

/** Reads how to sign in from the step's configuration; undefined if the catalog wants no token. */
export function icebergLogin(name: string, options: StepOptions): IcebergLogin | undefined {
  const auth = options.part('auth');
  switch (auth?.oneOf('type', ['none', 'token', 'oauth2', 'sigv4'])) {
    case 'token': {
      const token = auth.requiredSecret('token');
      return new IcebergLogin(name, true, async (fresh) => ({ token: await readSecret(token, { fresh }) }), {});
    }
    case 'oauth2': {
      const clientId = textOrSecret(auth, 'clientId');
      const clientSecret = auth.requiredSecret('clientSecret');
      const scope = auth.text('scope');
      const read = async (fresh: boolean) => ({ client_id: await clientId(fresh), client_secret: await readSecret(clientSecret, { fresh }) });
      return new IcebergLogin(name, false, read, {
        OAUTH2_SERVER_URI: auth.requiredText('serverUri'),
        ...scope !== undefined && { OAUTH2_SCOPE: scope },
      });
    }
    default:
      return undefined;
  }
}

function textOrSecret(options: StepOptions, name: string): (fresh: boolean) => Promise<string> {
  const value = options.value(name);
  if (value === '') return async () => '';
  if (!isSecretReference(value)) return async () => options.requiredText(name);
  return (fresh) => readSecret(value, { fresh });
}
