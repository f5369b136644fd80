import { BootstrapStepConfig, IBootstrapStep } from '../bootstrap-step';
import { PostgresConnection, POSTGRES_CONNECTION_OPTIONS } from './postgres-connection';
import { PostgresConnectionOptions } from './postgres-connection-options';
import { expectCatalog } from '../../checks/catalog';
import { expectProps, expectText, PropNames } from '../../checks/expect';
import { IDuckDbHost } from '../../duckdb-host';
import { DuckDbExtension } from '../../extension';

/** Properties of a `PostgresStep`. */
export interface PostgresStepProps extends PostgresConnectionOptions {
  /**
   * The step's name.
   *
   * @default 'postgres'
   */
  readonly name?: string;

  /**
   * The catalog under which SQL addresses the database, as in `SELECT * FROM pg_replica.users`.
   *
   * @default 'pg_replica'
   */
  readonly catalog?: string;

  /**
   * The only schema of the database that SQL sees. Attaching is faster with a single schema.
   *
   * @default - all schemas
   */
  readonly schema?: string;
}

const PROPS: PropNames<PostgresStepProps> = { ...POSTGRES_CONNECTION_OPTIONS, name: true, catalog: true, schema: true };

/**
 * Attaches a PostgreSQL database, such as a read replica, as a read-only catalog.
 *
 * @example
 * declare const vpc: ec2.IVpc;
 * declare const replica: rds.IDatabaseInstance;
 * declare const password: ssm.IParameter;
 *
 * new DuckDbFunction(this, 'Reports', {
 *   entry: 'src/reports.ts', // SELECT * FROM pg_replica.public.users
 *   vpc,
 *   bootstrap: [new PostgresStep({
 *     endpoint: PostgresEndpoint.fromInstance(replica),
 *     database: 'app',
 *     credentials: PostgresCredentials.fromPassword('reader', SecretSource.fromSsmParameter(password)),
 *   })],
 * });
 */
export class PostgresStep implements IBootstrapStep {
  public readonly name: string;
  public readonly extensions: DuckDbExtension[] = [DuckDbExtension.core('postgres')];

  private readonly catalog: string;
  private readonly connection: PostgresConnection;

  constructor(private readonly props: PostgresStepProps) {
    expectProps(props, 'a PostgresStep', 'new PostgresStep({ endpoint, database, credentials })', PROPS);
    this.name = props.name ?? 'postgres';
    this.catalog = props.catalog ?? 'pg_replica';
    expectCatalog(this.catalog, `${this.at} has the catalog`, 'pg_replica');
    if (props.schema !== undefined) expectText(props.schema, `${this.at} has the schema`, 'public');
    this.connection = new PostgresConnection(props, this.at);
  }

  public bind(host: IDuckDbHost): BootstrapStepConfig {
    const { schema } = this.props;
    return {
      type: 'postgres',
      provides: [this.catalog],
      attaches: [this.catalog],
      config: { catalog: this.catalog, ...(schema !== undefined && { schema }), ...this.connection.bind(host, this.at, this.name) },
    };
  }

  private get at(): string {
    return `the PostgresStep "${this.name}"`;
  }
}
