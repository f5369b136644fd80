import { Annotations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { BootstrapStepConfig, IBootstrapStep } from './bootstrap-step';
import { expectFlags, expectProps, expectOneOf, expectTexts, PropNames } from '../checks/expect';
import { IDuckDbHost } from '../duckdb-host';
import { DuckDbExtension } from '../extension';
import { expectSecretSource, SecretSource } from '../secret-source';

/** Which databases MotherDuck attaches in addition to the named ones, and whether it remembers them. */
export enum MotherDuckAttachMode {
  /** Attaches all databases that the token's user has attached. Remembers what is attached or detached. */
  WORKSPACE = 'workspace',
  /** Attaches only the named databases. Remembers nothing. */
  SINGLE = 'single',
}

/** Properties of a `MotherDuckStep`. */
export interface MotherDuckStepProps {
  /** The access token's source. A read-only token is enough for reading. */
  readonly token: SecretSource;

  /**
   * The databases that SQL can see.
   *
   * @default - all databases that the token's user has attached
   */
  readonly databases?: string[];

  /**
   * MotherDuck's attach mode.
   *
   * @default - SINGLE if databases are named, WORKSPACE otherwise
   */
  readonly attachMode?: MotherDuckAttachMode;

  /**
   * Whether MotherDuck's SaaS mode is on. In this mode, SQL can neither read local files nor load extensions.
   *
   * @default false
   */
  readonly saasMode?: boolean;

  /**
   * Whether the image may be built without the extension's implementation. Each cold start then downloads it.
   *
   * @default false - the build stops if the implementation cannot be downloaded
   */
  readonly allowDownload?: boolean;

  /**
   * The step's name.
   *
   * @default 'motherduck'
   */
  readonly name?: string;
}

const PROPS: PropNames<MotherDuckStepProps> = { token: true, databases: true, attachMode: true, saasMode: true, allowDownload: true, name: true };

/**
 * Attaches databases of MotherDuck. The function needs access to the internet.
 *
 * @example
 * declare const token: ssm.IParameter;
 *
 * new DuckDbFunction(this, 'Reports', {
 *   entry: 'src/reports.ts', // SELECT * FROM sales.orders
 *   bootstrap: [new MotherDuckStep({ token: SecretSource.fromSsmParameter(token), databases: ['sales'] })],
 * });
 */
export class MotherDuckStep implements IBootstrapStep {
  public readonly name: string;
  public readonly extensions: DuckDbExtension[];

  constructor(private readonly props: MotherDuckStepProps) {
    expectProps(props, 'a MotherDuckStep', 'new MotherDuckStep({ token })', PROPS);
    this.name = props.name ?? 'motherduck';
    this.extensions = [DuckDbExtension._motherduck(props.allowDownload ?? false)];
    expectSecretSource(props.token, `the MotherDuckStep "${this.name}" has as token`);
    expectOneOf(props.attachMode, `the MotherDuckStep "${this.name}" has the attachMode`, 'MotherDuckAttachMode', MotherDuckAttachMode);
    const { saasMode, allowDownload } = props;
    expectFlags({ saasMode, allowDownload }, `the MotherDuckStep "${this.name}"`);
    if (props.databases !== undefined) this.checkDatabases(props.databases);
  }

  public bind(host: IDuckDbHost): BootstrapStepConfig {
    const { token, databases, attachMode, saasMode, allowDownload } = this.props;
    if (allowDownload) {
      Annotations.of(host).addWarningV2('cdk-duckdb-lambda:motherduckDownload',
        'the MotherDuckStep has allowDownload: if the image lacks MotherDuck\'s implementation, each cold start tries to download it');
      host.allowToAnyHost(ec2.Port.HTTP, `MotherDuck's extension of the step ${this.name}`);
    }
    return {
      type: 'motherduck',
      ...(databases && { provides: databases, attaches: databases }),
      config: { token: token.bind(host), ...(databases && { databases }), ...(attachMode && { attachMode }), ...(saasMode && { saasMode }) },
    };
  }

  private checkDatabases(databases: string[]): void {
    expectTexts(databases, `the MotherDuckStep "${this.name}" has the database`, 'sales');
    if (databases.length === 0) {
      throw new Error(`the MotherDuckStep "${this.name}" has an empty list of databases: leave the prop out to mean all`);
    }
    for (const database of databases.filter((each) => each.startsWith('md:'))) {
      throw new Error(`the MotherDuckStep "${this.name}" has the database "${database}": expected its name alone, such as "sales"`);
    }
  }
}
