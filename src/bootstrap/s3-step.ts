import { Annotations, Duration, Stack, Token, TokenComparison } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { BootstrapStepConfig, IBootstrapStep } from './bootstrap-step';
import { warnOfPrivateHost } from './private-host';
import { checkEndpoint, hostOf, portOf } from './s3-endpoint';
import { grantToRole } from '../aws/assumed-role';
import { iamLiteral } from '../aws/iam-literal';
import { otherRegion } from '../aws/other-region';
import { expectDuration, expectFlags, expectList, expectObject, expectOneOf, expectProps, expectTexts, PropNames } from '../checks/expect';
import { expectRegion } from '../checks/region';
import { IDuckDbHost } from '../duckdb-host';
import { DuckDbExtension } from '../extension';

/** What a function may do with the objects of an `S3Step`. */
export enum S3Permissions {
  /** List and read. */
  READ = 'READ',
  /** List, read and write, for `COPY … TO 's3://…'`. Objects are not deleted. */
  READ_WRITE = 'READ_WRITE',
  /** List, read, write and delete, for `COPY … TO 's3://…' (OVERWRITE)`, which deletes the contents of the directory and then writes. */
  READ_WRITE_DELETE = 'READ_WRITE_DELETE',
}

const READING = ['s3:GetObject'];
/** All actions of a multipart upload. A role that may put an object may also begin an upload, send its parts and complete it. */
const WRITING = [...READING, 's3:PutObject', 's3:AbortMultipartUpload'];

/** The actions on objects. One request can delete many objects; it needs the same permission for each of them. */
const ACTIONS: { [permissions in S3Permissions]: string[] } = {
  READ: READING,
  READ_WRITE: WRITING,
  READ_WRITE_DELETE: [...WRITING, 's3:DeleteObject'],
};

/** How an object's URL names its bucket. */
export enum S3UrlStyle {
  /** In the host: `https://bucket.s3.amazonaws.com/key`. */
  VIRTUAL_HOST = 'vhost',
  /** In the path: `https://host/bucket/key`, as most other servers of the S3 API expect. */
  PATH = 'path',
}

/** Properties of an `S3Step`. */
export interface S3StepProps {
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
   * The KMS keys that encrypt the objects, in addition to those that CDK knows as a bucket's `encryptionKey`.
   *
   * CDK does not know the key of an imported bucket.
   *
   * @default - none
   */
  readonly encryptionKeys?: kms.IKey[];

  /**
   * The region of the buckets, such as `eu-west-1`.
   *
   * @default - the region that CDK knows for the buckets, for example from `Bucket.fromBucketAttributes(…, { region })`, otherwise the function's
   */
  readonly region?: string;

  /**
   * A role that can access the buckets, such as a role of the account that owns them. CDK grants the permissions to this role instead, if it
   * can, and lets the function assume it. You must make the role trust the function's role.
   *
   * @default - the function's own role
   */
  readonly assumeRole?: iam.IRole;

  /**
   * Whether the function's account pays for requests and transfer, for buckets that require it ("requester pays").
   *
   * @default false
   */
  readonly requesterPays?: boolean;

  /**
   * The age that answers from the buckets may have, unless the handler sets `maxStalenessMs`. From 1 second.
   *
   * During that time, a SELECT that runs again in a warm function requests nothing from S3 but the list of a glob. Its answer is a version that
   * was current at most `maxStaleness` ago.
   *
   * @default - each query asks S3 whether its objects have changed
   */
  readonly maxStaleness?: Duration;

  /**
   * Whether objects never change once they are written: `maxStaleness` without an end.
   *
   * If an object changes all the same, queries may return its old data for as long as the function is warm.
   *
   * @default false
   */
  readonly immutable?: boolean;

  /**
   * Keys or patterns of Parquet files, such as `orders/2025-*.parquet`, in each bucket of the step. Their list and their footers are read in the init
   * phase, after the step has run, so that the first query does not wait for them.
   *
   * It has an effect if steps run in the init phase: with `BootstrapMode.EAGER`, and with provisioned concurrency. It ends after 3 seconds, or
   * when footers take a quarter of DuckDB's memory, and failures are only logged. Each pattern must lie under one of `prefixes`, if there are any.
   *
   * @default - nothing is read before a query needs it
   */
  readonly prefetch?: string[];

  /**
   * The URL of another server of the S3 API, such as `https://s3.example.com:9000`. It must not contain credentials, because the template shows it,
   * or a path.
   *
   * @default - AWS's, or the value of AWS_ENDPOINT_URL_S3 in the function's environment
   */
  readonly endpoint?: string;

  /**
   * How URLs name the bucket. `VIRTUAL_HOST` for a bucket with a dot in its name causes the warning `cdk-duckdb-lambda:urlStyle`.
   *
   * @default - the host for AWS, or the path if a bucket's name has a dot, because AWS's certificate does not cover such hosts;
   * the path for an endpoint
   */
  readonly urlStyle?: S3UrlStyle;

  /**
   * Whether DuckDB's extension `aws` finds the credentials with the SDK's chain, instead of the runtime. It adds tens of milliseconds to a
   * cold start, and does not renew credentials.
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

/** Lets SQL read, and on request write, objects of S3 buckets with the function's own role. */
export class S3Step implements IBootstrapStep {
  public readonly name: string;
  public readonly extensions: DuckDbExtension[];

  private readonly prefixes: string[];

  constructor(private readonly props: S3StepProps) {
    expectProps(props, 'an S3Step', 'new S3Step({ buckets: [lake] })', PROPS);
    this.name = props.name ?? 's3';
    this.extensions = [DuckDbExtension.core(props.credentialChain ? 'aws' : 'httpfs')];
    this.prefixes = props.prefixes ?? [''];
    if (props.credentialChain && props.assumeRole) {
      throw new Error(`the S3Step "${this.name}" has both assumeRole and credentialChain, whose credentials are not the role's: remove one of them`);
    }
    this.checkBuckets();
    this.checkPrefixes();
    checkEndpoint(props.endpoint, this.name);
    expectOneOf(props.permissions, `the S3Step "${this.name}" has the permissions`, 'S3Permissions', S3Permissions);
    expectOneOf(props.urlStyle, `the S3Step "${this.name}" has the urlStyle`, 'S3UrlStyle', S3UrlStyle);
    if (props.region !== undefined) expectRegion(props.region, `the S3Step "${this.name}" has the region`);
    const { requesterPays, immutable, credentialChain } = props;
    expectFlags({ requesterPays, immutable, credentialChain }, `the S3Step "${this.name}"`);
    this.checkStaleness();
    this.checkPrefetch();
    this.checkAccess();
  }

  public bind(host: IDuckDbHost): BootstrapStepConfig {
    const { assumeRole, requesterPays, maxStaleness, immutable, prefetch, endpoint, urlStyle, credentialChain } = this.props;
    const region = this.props.region ?? this.regionOfBuckets(host);
    this.warnOfPrefixes(host);
    this.warnOfHosts(host);
    grantToRole(host, assumeRole, (role) => this.grant(role));
    if (endpoint === undefined) host.addRequiredEndpoint({ service: 's3', region });
    else if (!Token.isUnresolved(endpoint)) this.allow(host, endpoint);
    return {
      type: 's3',
      config: {
        scopes: this.scopes(),
        ...(region !== undefined && { region }),
        ...(assumeRole && { assumeRole: assumeRole.roleArn }),
        ...(requesterPays && { requesterPays }),
        ...(maxStaleness && { maxStalenessSeconds: maxStaleness.toSeconds() }),
        ...(immutable && { immutable }),
        ...(prefetch && { prefetch: this.urls(prefetch) }),
        ...(endpoint !== undefined && { endpoint }),
        ...(urlStyle && { urlStyle }),
        ...(credentialChain && { credentialChain }),
      },
    };
  }

  private allow(host: IDuckDbHost, endpoint: string): void {
    host.allowToAnyHost(ec2.Port.tcp(portOf(endpoint)), `S3 of the step ${this.name}`);
    warnOfPrivateHost(host, hostOf(endpoint), `the S3Step "${this.name}"`);
  }

  private checkStaleness(): void {
    const { maxStaleness, immutable } = this.props;
    if (maxStaleness === undefined) return;
    expectDuration(maxStaleness, `the S3Step "${this.name}" has the maxStaleness`);
    if (immutable) throw new Error(`the S3Step "${this.name}" has maxStaleness beside immutable, which has no end: remove one of them`);
    if (!maxStaleness.isUnresolved() && maxStaleness.toMilliseconds() < 1000) {
      throw new Error(`the S3Step "${this.name}" has the maxStaleness ${maxStaleness.toMilliseconds()} ms: expected 1 second or more; `
        + 'without the prop each query asks S3 whether its objects have changed');
    }
  }

  private checkBuckets(): void {
    const { buckets } = this.props;
    expectList(buckets, `the S3Step "${this.name}" has as buckets`, '[lake]');
    if (buckets.length === 0) {
      throw new Error(`the S3Step "${this.name}" has no buckets: name at least one, as in new S3Step({ buckets: [lake] })`);
    }
    for (const bucket of buckets) {
      expectObject(bucket, 'arnForObjects', `the S3Step "${this.name}" has among its buckets`,
        'an IBucket, such as s3.Bucket.fromBucketName(this, \'Lake\', \'my-data-lake\')');
    }
  }

  private checkAccess(): void {
    const { encryptionKeys, assumeRole } = this.props;
    if (assumeRole !== undefined) {
      expectObject(assumeRole, 'roleArn', `the S3Step "${this.name}" has as assumeRole`, 'an IRole, such as iam.Role.fromRoleArn(this, \'Reader\', arn)');
    }
    if (encryptionKeys === undefined) return;
    expectList(encryptionKeys, `the S3Step "${this.name}" has as encryptionKeys`, '[key]');
    for (const key of encryptionKeys) {
      expectObject(key, 'keyArn', `the S3Step "${this.name}" has among its encryptionKeys`, 'an IKey, such as kms.Key.fromKeyArn(this, \'Key\', arn)');
    }
  }

  private checkPrefixes(): void {
    expectList(this.prefixes, `the S3Step "${this.name}" has as prefixes`, '["events/"]');
    if (this.prefixes.length === 0) {
      throw new Error(`the S3Step "${this.name}" has an empty list of prefixes, which matches no object: leave the prop out to mean all keys`);
    }
    if (!this.props.prefixes) return;
    if (this.prefixes.includes('')) throw new Error(`the S3Step "${this.name}" has the prefix "", which matches every key: leave the prop out to mean all keys`);
    expectTexts(this.prefixes, `the S3Step "${this.name}" has the prefix`, 'events/');
    for (const prefix of this.prefixes.filter((each) => !Token.isUnresolved(each))) {
      if (prefix.startsWith('/') || prefix.startsWith('s3://') || /[*?]/.test(prefix)) {
        throw new Error(`the S3Step "${this.name}" has the prefix "${prefix}": `
          + 'expected the start of a key such as "events/", without a leading slash, a bucket or wildcards');
      }
    }
  }

  private checkPrefetch(): void {
    const { prefetch } = this.props;
    if (prefetch === undefined) return;
    expectList(prefetch, `the S3Step "${this.name}" has as prefetch`, '["orders/*/*.parquet"]');
    if (prefetch.length === 0) throw new Error(`the S3Step "${this.name}" has an empty list as prefetch: leave the prop out to read nothing before a query`);
    expectTexts(prefetch, `the S3Step "${this.name}" has the prefetch pattern`, 'orders/*/*.parquet');
    for (const pattern of prefetch.filter((each) => !Token.isUnresolved(each))) {
      if (pattern.startsWith('/') || pattern.startsWith('s3://')) {
        throw new Error(`the S3Step "${this.name}" has the prefetch pattern "${pattern}": `
          + 'expected a key or a pattern such as "orders/*/*.parquet", without a leading slash or a bucket');
      }
      if (/\{[^}]*,[^}]*\}/.test(pattern)) {
        throw new Error(`the S3Step "${this.name}" has the prefetch pattern "${pattern}": DuckDB does not expand braces; list a pattern for each alternative`);
      }
      if (this.prefixes.some((prefix) => Token.isUnresolved(prefix) || pattern.startsWith(prefix))) continue;
      throw new Error(`the S3Step "${this.name}" has the prefetch pattern "${pattern}", which lies under none of its prefixes, `
        + `${this.prefixes.map((prefix) => `"${prefix}"`).join(', ')}: the function may not read it; add a prefix, or correct the pattern`);
    }
  }

  private warnOfPrefixes(host: IDuckDbHost): void {
    const open = (this.props.prefixes ?? []).filter((prefix) => !prefix.endsWith('/') && !Token.isUnresolved(prefix));
    if (open.length === 0) return;
    Annotations.of(host).addWarningV2('cdk-duckdb-lambda:prefix', `the S3Step "${this.name}" has prefixes without "/" at their end, `
      + `${open.map((prefix) => `"${prefix}"`).join(', ')}: they also match keys such as "${open[0]}-secret/x"; end them with "/" to mean folders`);
  }

  /** A certificate for `*.s3.example.com` covers only hosts with one more label. */
  private warnOfHosts(host: IDuckDbHost): void {
    const { urlStyle, endpoint, buckets } = this.props;
    if (urlStyle !== S3UrlStyle.VIRTUAL_HOST || endpoint?.startsWith('http:')) return;
    const dotted = buckets.map(knownName).filter((name) => name?.includes('.'));
    if (dotted.length === 0) return;
    Annotations.of(host).addWarningV2('cdk-duckdb-lambda:urlStyle', `the S3Step "${this.name}" has S3UrlStyle.VIRTUAL_HOST and buckets with dots in their names, `
      + `${dotted.map((name) => `"${name}"`).join(', ')}: a wildcard certificate such as AWS's is not valid for their hosts; leave urlStyle out, or give these buckets a separate step`);
  }

  private grant(role: iam.IRole): void {
    const actions = ACTIONS[this.props.permissions ?? S3Permissions.READ];
    const patterns = this.prefixes.map((prefix) => `${iamLiteral(prefix)}*`);
    for (const bucket of this.props.buckets) {
      grant(role, bucket, {
        actions,
        resources: patterns.map((pattern) => bucket.arnForObjects(pattern)),
      });
      grant(role, bucket, {
        actions: ['s3:ListBucket'],
        resources: [bucket.bucketArn],
        ...(this.props.prefixes && { conditions: { StringLike: { 's3:prefix': patterns } } }),
      });
    }
    for (const key of this.encryptionKeys()) {
      key.grant(role, ...(actions.includes('s3:PutObject') ? ['kms:Decrypt', 'kms:GenerateDataKey'] : ['kms:Decrypt']));
    }
  }

  /** The region of all buckets, if CDK knows that it differs from the function's. */
  private regionOfBuckets(host: IDuckDbHost): string | undefined {
    const [region, ...others] = new Set(this.props.buckets.map((bucket) => otherRegion(bucket.env.region, host)));
    if (others.length > 0) {
      const regions = [region, ...others].map((each) => each ?? Stack.of(host).region);
      throw new Error(`the S3Step "${this.name}" has buckets in several regions, ${regions.join(' and ')}: declare one step for each region`);
    }
    return region;
  }

  private encryptionKeys(): Set<kms.IKey> {
    const ofBuckets = this.props.buckets.flatMap((bucket) => bucket.encryptionKey ?? []);
    return new Set([...ofBuckets, ...this.props.encryptionKeys ?? []]);
  }

  /** The URLs for which DuckDB uses the function's credentials. It reads others, such as public buckets, without credentials. */
  private scopes(): string[] {
    return this.urls(this.prefixes);
  }

  /** The URLs of keys, or of what they begin with, in each bucket. */
  private urls(keys: string[]): string[] {
    return this.props.buckets.flatMap((bucket) => keys.map((key) => `s3://${bucket.bucketName}/${key}`));
  }
}

/** The bucket's name, if it is known before the deployment. */
function knownName(bucket: s3.IBucket): string | undefined {
  const { defaultChild } = bucket.node;
  const name = defaultChild instanceof s3.CfnBucket ? defaultChild.bucketName : bucket.bucketName;
  return Token.isUnresolved(name) ? undefined : name;
}

/** Grants in the role's policy, and also in the bucket's policy if the bucket is in another account. */
function grant(role: iam.IRole, bucket: s3.IBucket, statement: iam.PolicyStatementProps): void {
  role.addToPrincipalPolicy(new iam.PolicyStatement(statement));
  if (Token.compareStrings(bucket.env.account, role.env.account) === TokenComparison.DIFFERENT) {
    // CDK's own Grant would drop the conditions here.
    bucket.addToResourcePolicy(new iam.PolicyStatement({ ...statement, principals: [new iam.ArnPrincipal(role.roleArn)] }));
  }
}
