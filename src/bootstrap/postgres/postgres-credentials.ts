import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { PostgresEndpoint } from './postgres-endpoint';
import { iamLiteral } from '../../aws/iam-literal';
import { expectText } from '../../checks/expect';
import { IDuckDbHost } from '../../duckdb-host';
import { expectSecretSource, SecretSource, SecretSourceOptions } from '../../secret-source';

/**
 * How the function signs in to PostgreSQL.
 *
 * @example
 * declare const password: ssm.IParameter;
 * declare const rdsSecret: secretsmanager.ISecret;
 *
 * PostgresCredentials.fromPassword('reader', SecretSource.fromSsmParameter(password));
 * // A secret as RDS makes it, with `username` and `password`.
 * PostgresCredentials.fromSecret(rdsSecret);
 * // The function's role signs in, without a password.
 * PostgresCredentials.fromIam('reader');
 */
export class PostgresCredentials {
  /** A user, and the source of its password. */
  public static fromPassword(user: string, password: SecretSource): PostgresCredentials {
    expectText(user, 'PostgresCredentials.fromPassword has the user', 'reader');
    expectSecretSource(password, 'PostgresCredentials.fromPassword has as password');
    return new PostgresCredentials(false, (host) => ({ user, password: password.bind(host) }));
  }

  /**
   * A secret of AWS Secrets Manager in the format of RDS: JSON with `username` and `password`, and with `host`, `port` and `dbname` if the step does
   * not set them.
   */
  public static fromSecret(secret: secretsmanager.ISecret, options: SecretSourceOptions = {}): PostgresCredentials {
    const source = SecretSource.fromSecretsManager(secret, undefined, options);
    return new PostgresCredentials(true, (host) => ({ secret: source.bind(host) }));
  }

  /**
   * IAM authentication of RDS. The runtime signs in with tokens that it creates from the function's own credentials.
   *
   * The user must have the role `rds_iam` in the database. The database's construct must know the database's resource id.
   */
  public static fromIam(user: string): PostgresCredentials {
    expectText(user, 'PostgresCredentials.fromIam has the user', 'reader');
    return new PostgresCredentials(false, (host, endpoint) => {
      const resourceName = `${resourceId(endpoint)}/${iamLiteral(user)}`;
      iam.Grant.addToPrincipal({
        grantee: host,
        actions: ['rds-db:connect'],
        resourceArns: [Stack.of(host).formatArn({ service: 'rds-db', resource: 'dbuser', resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME })],
      });
      return { user, iam: true };
    });
  }

  private constructor(
    /**
     * Whether the credentials may also name the host and the database.
     * @internal
     */
    public readonly _nameTheDatabase: boolean,
    /**
     * Grants the permissions to sign in, and returns what the runtime needs.
     * @internal
     */
    public readonly _bind: (host: IDuckDbHost, endpoint: PostgresEndpoint | undefined) => object,
  ) {}
}

function resourceId(endpoint: PostgresEndpoint | undefined): string {
  try {
    const id = endpoint?._resourceId();
    if (id) return id;
  } catch {
    // An imported cluster throws if it does not know its resource id.
  }
  throw new Error('PostgresCredentials.fromIam needs the resource id of the database, which its endpoint does not know: import it with '
    + 'instanceResourceId or clusterResourceIdentifier, as in rds.DatabaseInstance.fromDatabaseInstanceAttributes(this, \'Db\', '
    + '{ instanceResourceId: \'db-ABCDEFGHIJKLMNOPQRSTUVWXY\', ... }), or use other credentials');
}
