import { Annotations, Duration, Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { BootstrapStepConfig, IBootstrapStep } from '../bootstrap-step';
import { S3Access, urls } from './s3-access';
import { S3AccessOptions, S3Permissions } from './s3-access-options';
import { expectDuration, expectFlags, expectList, expectObject, expectOneOf, expectProps, expectStaleness, expectTexts, PropNames } from '../../checks/expect';
import { IDuckDbHost } from '../../duckdb-host';
import { DuckDbExtension } from '../../extension';
import { useForFiles } from '../lake-folders';

/** Properties of an `S3Step`. */
export interface S3StepProps extends S3AccessOptions {
  /** The buckets that SQL may reach as `s3://bucket/…`. */
  readonly buckets: s3.IBucket[];

  /**
   * Limits the step to keys that start with one of these prefixes, such as `events/`. They apply to every bucket of the step.
   *
   * Buckets with different prefixes need two steps. End a prefix with `/` to mean a folder: `events` also matches `events-old/`, and
   * causes the warning `cdk-duckdb-lambda:prefix`.
   *
   * @default - all keys
   */
  readonly prefixes?: string[];

  /**
   * What the function may do with the objects.
   *
   * @default S3Permissions.READ
   */
  readonly permissions?: S3Permissions;

  /**
   * How old answers from the buckets may be, unless the handler sets `maxStalenessMs`. At least 1 second.
   *
   * During that time, a SELECT that runs again in a warm function sends no requests to S3, except the LIST of a glob. The data of its answer was
   * current at most `maxStaleness` ago.
   *
   * @default - each query asks S3 whether its objects have changed
   */
  readonly maxStaleness?: Duration;

  /**
   * Whether objects never change once they are written: `maxStaleness` without a time limit.
   *
   * If an object does change, queries may return its old data for as long as the function is warm.
   *
   * @default false
   */
  readonly immutable?: boolean;

  /**
   * Keys or patterns of Parquet files, such as `orders/2025-*.parquet`, in each bucket of the step. Their list and their footers are read in the init
   * phase, after the step has run, so that the first query does not wait for them.
   *
   * It has an effect only if steps run in the init phase: with `BootstrapMode.EAGER`, and with provisioned concurrency. It ends after 3 seconds, or
   * when footers take a quarter of DuckDB's memory. Failures are only logged. If the step has `prefixes`, each pattern must be under one of them.
   *
   * @default - nothing is read before a query needs it
   */
  readonly prefetch?: string[];

  /**
   * Whether DuckDB's extension `aws`, and not the runtime, finds the credentials with the SDK's chain. It adds tens of milliseconds to a cold start,
   * and does not renew credentials.
   *
   * @default false
   */
  readonly credentialChain?: boolean;

  /**
   * The step's name.
   *
   * @default 's3'
   */
  readonly name?: string;
}

const PROPS: PropNames<S3StepProps> = {
  buckets: true,
  prefixes: true,
  permissions: true,
  encryptionKeys: true,
  region: true,
  assumeRole: true,
  requesterPays: true,
  maxStaleness: true,
  immutable: true,
  prefetch: true,
  endpoint: true,
  urlStyle: true,
  credentialChain: true,
  name: true,
};

/**
 * Lets SQL read, and on request write, objects of S3 buckets with the function's own role.
 *
 * @example
 * declare const lake: s3.IBucket;
 * declare const exports: s3.IBucket;
 *
 * new DuckDbFunction(this, 'Reports', {
 *   entry: 'src/reports.ts',
 *   bootstrap: [
 *     new S3Step({ buckets: [lake], prefixes: ['orders/'] }),
 *     new S3Step({ name: 'exports', buckets: [exports], permissions: S3Permissions.READ_WRITE }),
 *   ],
 * });
 */
export class S3Step implements IBootstrapStep {
  public readonly name: string;
  public readonly extensions: DuckDbExtension[];

  private readonly prefixes: string[];
  private readonly access: S3Access;

  constructor(private readonly props: S3StepProps) {
    expectProps(props, 'an S3Step', 'new S3Step({ buckets: [lake] })', PROPS);
    this.name = props.name ?? 's3';
    this.extensions = [DuckDbExtension.core(props.credentialChain ? 'aws' : 'httpfs')];
    this.prefixes = props.prefixes ?? [''];
    if (props.credentialChain && props.assumeRole) {
      throw new Error(`${this.at} has both assumeRole and credentialChain, whose credentials are not the role's: remove one of them`);
    }
    this.checkBuckets();
    this.checkPrefixes();
    expectOneOf(props.permissions, `${this.at} has the permissions`, 'S3Permissions', S3Permissions);
    const areas = props.buckets.map((bucket) => ({ bucket, prefixes: props.prefixes }));
    this.access = new S3Access(props, areas, props.permissions ?? S3Permissions.READ, this.at);
    const { immutable, credentialChain } = props;
    expectFlags({ immutable, credentialChain }, this.at);
    this.checkStaleness();
    this.checkPrefetch();
  }

  public bind(host: IDuckDbHost): BootstrapStepConfig {
    const { maxStaleness, immutable, prefetch, credentialChain } = this.props;
    this.warnOfPrefixes(host);
    this.useFolders(host);
    return {
      type: 's3',
      config: {
        ...this.access.bind(host, this.name),
        ...(maxStaleness && { maxStalenessSeconds: maxStaleness.toSeconds() }),
        ...(immutable && { immutable }),
        ...(prefetch && { prefetch: this.props.buckets.flatMap((bucket) => urls(bucket, prefetch)) }),
        ...(credentialChain && { credentialChain }),
      },
    };
  }

  /** Only folders that it names: a step for whole buckets does not say where it writes. */
  private useFolders(host: IDuckDbHost): void {
    const { buckets, prefixes = [], permissions = S3Permissions.READ } = this.props;
    if (permissions === S3Permissions.READ) return;
    for (const bucket of buckets) for (const prefix of prefixes) useForFiles(host, this.name, { bucket, prefix });
  }

  private checkStaleness(): void {
    const { maxStaleness, immutable } = this.props;
    if (maxStaleness === undefined) return;
    expectDuration(maxStaleness, `${this.at} has the maxStaleness`);
    if (immutable) throw new Error(`${this.at} has maxStaleness beside immutable, which has no end: remove one of them`);
    expectStaleness(maxStaleness, this.at, 'S3 whether its objects have changed');
  }

  private checkBuckets(): void {
    const { buckets } = this.props;
    expectList(buckets, `${this.at} has as buckets`, '[lake]');
    if (buckets.length === 0) {
      throw new Error(`${this.at} has no buckets: name at least one, as in new S3Step({ buckets: [lake] })`);
    }
    for (const bucket of buckets) {
      expectObject(bucket, 'arnForObjects', `${this.at} has among its buckets`,
        'an IBucket, such as s3.Bucket.fromBucketName(this, \'Lake\', \'my-data-lake\')');
    }
  }

  private checkPrefixes(): void {
    expectList(this.prefixes, `${this.at} has as prefixes`, '["events/"]');
    if (this.prefixes.length === 0) {
      throw new Error(`${this.at} has an empty list of prefixes, which matches no object: leave the prop out to mean all keys`);
    }
    if (!this.props.prefixes) return;
    if (this.prefixes.includes('')) throw new Error(`${this.at} has the prefix "", which matches every key: leave the prop out to mean all keys`);
    expectTexts(this.prefixes, `${this.at} has the prefix`, 'events/');
    for (const prefix of this.prefixes.filter((each) => !Token.isUnresolved(each))) {
      if (prefix.startsWith('/') || prefix.startsWith('s3://') || /[*?]/.test(prefix)) {
        throw new Error(`${this.at} has the prefix "${prefix}": `
          + 'expected the start of a key such as "events/", without a leading slash, a bucket or wildcards');
      }
    }
  }

  private checkPrefetch(): void {
    const { prefetch } = this.props;
    if (prefetch === undefined) return;
    expectList(prefetch, `${this.at} has as prefetch`, '["orders/*/*.parquet"]');
    if (prefetch.length === 0) throw new Error(`${this.at} has an empty list as prefetch: leave the prop out to read nothing before a query`);
    expectTexts(prefetch, `${this.at} has the prefetch pattern`, 'orders/*/*.parquet');
    for (const pattern of prefetch.filter((each) => !Token.isUnresolved(each))) {
      if (pattern.startsWith('/') || pattern.startsWith('s3://')) {
        throw new Error(`${this.at} has the prefetch pattern "${pattern}": `
          + 'expected a key or a pattern such as "orders/*/*.parquet", without a leading slash or a bucket');
      }
      if (/\{[^}]*,[^}]*\}/.test(pattern)) {
        throw new Error(`${this.at} has the prefetch pattern "${pattern}": DuckDB does not expand braces; list a pattern for each alternative`);
      }
      if (this.prefixes.some((prefix) => Token.isUnresolved(prefix) || pattern.startsWith(prefix))) continue;
      throw new Error(`${this.at} has the prefetch pattern "${pattern}", which lies under none of its prefixes, `
        + `${this.prefixes.map((prefix) => `"${prefix}"`).join(', ')}: the function may not read it; add a prefix, or correct the pattern`);
    }
  }

  private warnOfPrefixes(host: IDuckDbHost): void {
    const open = (this.props.prefixes ?? []).filter((prefix) => !prefix.endsWith('/') && !Token.isUnresolved(prefix));
    if (open.length === 0) return;
    Annotations.of(host).addWarningV2('cdk-duckdb-lambda:prefix', `${this.at} has prefixes without "/" at their end, `
      + `${open.map((prefix) => `"${prefix}"`).join(', ')}: they also match keys such as "${open[0]}-secret/x"; end them with "/" to mean folders`);
  }

  private get at(): string {
    return `the S3Step "${this.name}"`;
  }
}
