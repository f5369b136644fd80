import { Annotations } from 'aws-cdk-lib';
import { BootstrapStepConfig, IBootstrapStep } from './bootstrap-step';
import { expectList, expectProps, expectTexts, PropNames } from '../checks/expect';
import { credentialIn } from '../checks/sql-credentials';
import { holdsCredentials } from '../checks/url-credentials';
import { IDuckDbHost } from '../duckdb-host';
import { DuckDbExtension } from '../extension';
import { expectSecretSource, SecretSource } from '../secret-source';

/** Properties of a `SqlStep`. */
export interface SqlStepProps {
  /** The step's name. */
  readonly name: string;

  /**
   * The statements to run, in order. They may use what earlier steps provide.
   *
   * The template shows the statements: put secrets in `secrets`. Credentials in a statement, such as `PASSWORD 'x'` or those in a URL, cause
   * the warning `cdk-duckdb-lambda:credentials`.
   */
  readonly statements: string[];

  /**
   * The catalogs that exist once the statements have run. The step then runs when a query first names one of them.
   * DuckDB's own catalogs, such as `memory`, are errors.
   *
   * Several steps may provide one catalog. They run in the order of their declaration, so a step that only adds to a catalog of another step must be
   * declared after it.
   *
   * @default - none: the step runs before the first statement of a cursor; if it fails, that statement fails
   */
  readonly provides?: string[];

  /**
   * Secrets that the statements use as parameters: `CREATE SECRET (…, TOKEN $token)` with `{ token: source }`.
   *
   * @default - none
   */
  readonly secrets?: { [name: string]: SecretSource };

  /**
   * Extensions that the statements need.
   *
   * @default - none
   */
  readonly extensions?: DuckDbExtension[];
}

const PROPS: PropNames<SqlStepProps> = { name: true, statements: true, provides: true, secrets: true, extensions: true };

/**
 * Runs your own SQL to set up what queries need, such as macros or an attached MySQL database.
 *
 * @example
 * declare const password: ssm.IParameter;
 *
 * new DuckDbFunction(this, 'Reports', {
 *   entry: 'src/reports.ts', // SELECT * FROM shop.orders
 *   bootstrap: [new SqlStep({
 *     name: 'shop',
 *     statements: [
 *       "CREATE SECRET shop (TYPE mysql, HOST 'shop.example.com', DATABASE 'shop', USER 'reader', PASSWORD $password)",
 *       "ATTACH '' AS shop (TYPE mysql, SECRET shop, READ_ONLY)",
 *     ],
 *     secrets: { password: SecretSource.fromSsmParameter(password) },
 *     provides: ['shop'],
 *     extensions: [DuckDbExtension.core('mysql')],
 *   })],
 * });
 */
export class SqlStep implements IBootstrapStep {
  public readonly name: string;
  public readonly extensions: DuckDbExtension[];

  constructor(private readonly props: SqlStepProps) {
    expectProps(props, 'a SqlStep', 'new SqlStep({ name: \'macros\', statements: [sql] })', PROPS);
    this.name = props.name;
    this.extensions = props.extensions ?? [];
    expectList(props.statements, `the SqlStep "${props.name}" has as statements`, '["CREATE MACRO twice(x) AS x * 2"]');
    if (props.statements.length === 0) throw new Error(`the SqlStep "${props.name}" has no statements: expected SQL`);
    expectTexts(props.statements, `the SqlStep "${props.name}" has the statement`, 'CREATE MACRO twice(x) AS x * 2');
    // The runtime would wait forever for a catalog without a name.
    if (props.provides !== undefined) expectTexts(props.provides, `the SqlStep "${props.name}" provides the catalog`, 'lake');
    for (const [secret, source] of Object.entries(props.secrets ?? {})) {
      if (!/^[A-Za-z_]\w*$/.test(secret)) {
        throw new Error(`the SqlStep "${props.name}" has a secret named "${secret}", which is not a parameter name: expected one such as "token"`);
      }
      if (!props.statements.some((statement) => new RegExp(`\\$${secret}\\b`).test(statement))) {
        throw new Error(`the SqlStep "${props.name}" has the secret "${secret}", which no statement uses: write $${secret} where its value belongs`);
      }
      expectSecretSource(source, `the SqlStep "${props.name}" has as secret "${secret}"`);
    }
  }

  public bind(host: IDuckDbHost): BootstrapStepConfig {
    const { statements, provides, secrets } = this.props;
    this.warnOfCredentials(host);
    const bound = Object.entries(secrets ?? {}).map(([name, source]) => [name, source.bind(host)]);
    return {
      type: 'sql',
      ...(provides && { provides, attaches: provides.filter((catalog) => statements.some((statement) => attaches(statement, catalog))) }),
      config: { statements, ...(bound.length > 0 && { secrets: Object.fromEntries(bound) }) },
    };
  }

  private warnOfCredentials(host: IDuckDbHost): void {
    const [where] = this.props.statements.flatMap((statement) => (holdsCredentials(statement) ? 'a URL' : credentialIn(statement) ?? []));
    if (where === undefined) return;
    Annotations.of(host).addWarningV2('cdk-duckdb-lambda:credentials', `the SqlStep "${this.name}" has a statement with credentials in ${where}, which the template shows: `
      + 'keep them in a secret, as in CREATE SECRET (TYPE postgres, PASSWORD $password) with secrets: { password: source }');
  }
}

/** Whether a statement attaches the catalog. A statement with IF NOT EXISTS or OR REPLACE allows for an attached catalog. */
function attaches(statement: string, catalog: string): boolean {
  const [, quoted, bare] = /(?:^|;)\s*ATTACH\s+(?:DATABASE\s+)?(?:'(?:[^']|'')*'\s*)AS\s+(?:"((?:[^"]|"")+)"|([^\s;(]+))/i.exec(statement) ?? [];
  return (quoted?.replace(/""/g, '"') ?? bare)?.toLowerCase() === catalog.toLowerCase();
}
