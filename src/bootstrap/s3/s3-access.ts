import { Annotations, Stack, Token, TokenComparison } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { warnOfPrivateHost } from '../private-host';
import { S3AccessOptions, S3Permissions, S3UrlStyle } from './s3-access-options';
import { checkEndpoint, hostOf, portOf } from './s3-endpoint';
import { grantToRole } from '../../aws/assumed-role';
import { iamLiteral } from '../../aws/iam-literal';
import { otherRegion } from '../../aws/other-region';
import { expectFlags, expectList, expectObject, expectOneOf, PropNames } from '../../checks/expect';
import { expectRegion } from '../../checks/region';
import { IDuckDbHost } from '../../duckdb-host';

export const S3_ACCESS_OPTIONS: PropNames<S3AccessOptions> = {
  encryptionKeys: true,
  region: true,
  assumeRole: true,
  requesterPays: true,
  endpoint: true,
  urlStyle: true,
};

/** What a step may do: what an `S3Step` may, or read and delete without writing. */
export type S3Rights = S3Permissions | 'READ_DELETE';

const READING = ['s3:GetObject'];
/** All actions of a multipart upload. A role that may put an object may also begin an upload, send its parts and complete it. */
const WRITING = [...READING, 's3:PutObject', 's3:AbortMultipartUpload'];

/** The actions on objects. One request can delete many objects; it needs the same permission for each of them. */
const ACTIONS: { [rights in S3Rights]: string[] } = {
  READ: READING,
  READ_DELETE: [...READING, 's3:DeleteObject'],
  READ_WRITE: WRITING,
  READ_WRITE_DELETE: [...WRITING, 's3:DeleteObject'],
};

/** What a step may reach in a bucket. */
export interface S3Area {
  readonly bucket: s3.IBucket;
  /** What the keys begin with. Undefined means all keys. */
  readonly prefixes?: string[];
  /** The only object, in place of prefixes. Its keys are not listed. */
  readonly key?: string;
}

/** A step's access to S3: its checks, permissions, network access and the configuration of the runtime's step `s3`. */
export class S3Access {
  /** `at` begins the errors, such as `the S3Step "s3"`. */
  constructor(
    private readonly options: S3AccessOptions,
    private readonly areas: S3Area[],
    private readonly rights: S3Rights,
    private readonly at: string,
  ) {
    const { region, endpoint, urlStyle, requesterPays } = options;
    checkEndpoint(endpoint, at);
    expectOneOf(urlStyle, `${at} has the urlStyle`, 'S3UrlStyle', S3UrlStyle);
    if (region !== undefined) expectRegion(region, `${at} has the region`);
    expectFlags({ requesterPays }, at);
    expectRoleAndKeys(options, at);
  }

  /**
   * Grants the host's role what it needs, and returns what the host's runtime needs.
   *
   * @param name the step's name
   */
  public bind(host: IDuckDbHost, name: string): { [key: string]: any } {
    const { assumeRole, requesterPays, endpoint, urlStyle } = this.options;
    const region = this.options.region ?? this.regionOfBuckets(host);
    this.warnOfHosts(host);
    grantToRole(host, assumeRole, (role) => this.grant(role));
    if (endpoint === undefined) host.addRequiredEndpoint({ service: 's3', region });
    else if (!Token.isUnresolved(endpoint)) this.allow(host, endpoint, name);
    return {
      scopes: this.scopes(),
      ...(region !== undefined && { region }),
      ...(assumeRole && { assumeRole: assumeRole.roleArn }),
      ...(requesterPays && { requesterPays }),
      ...(endpoint !== undefined && { endpoint }),
      ...(urlStyle && { urlStyle }),
    };
  }

  private allow(host: IDuckDbHost, endpoint: string, name: string): void {
    host.allowToAnyHost(ec2.Port.tcp(portOf(endpoint)), `S3 of the step ${name}`);
    warnOfPrivateHost(host, hostOf(endpoint), this.at);
  }

  /** A certificate for `*.s3.example.com` covers only hosts with one more label. */
  private warnOfHosts(host: IDuckDbHost): void {
    const { urlStyle, endpoint } = this.options;
    if (urlStyle !== S3UrlStyle.VIRTUAL_HOST || endpoint?.startsWith('http:')) return;
    const dotted = this.buckets.map(knownName).filter((name) => name?.includes('.'));
    if (dotted.length === 0) return;
    Annotations.of(host).addWarningV2('cdk-duckdb-lambda:urlStyle', `${this.at} has S3UrlStyle.VIRTUAL_HOST and buckets with dots in their names, `
      + `${dotted.map((name) => `"${name}"`).join(', ')}: a wildcard certificate such as AWS's is not valid for their hosts; leave urlStyle out, or give these buckets a separate step`);
  }

  private grant(role: iam.IRole): void {
    const actions = ACTIONS[this.rights];
    for (const { bucket, prefixes, key } of this.areas) {
      const patterns = key !== undefined ? [iamLiteral(key)] : (prefixes ?? ['']).map((prefix) => `${iamLiteral(prefix)}*`);
      grant(role, bucket, {
        actions,
        resources: patterns.map((pattern) => bucket.arnForObjects(pattern)),
      });
      if (key !== undefined) continue;
      grant(role, bucket, {
        actions: ['s3:ListBucket'],
        resources: [bucket.bucketArn],
        ...(prefixes && { conditions: { StringLike: { 's3:prefix': patterns } } }),
      });
    }
    for (const key of this.encryptionKeys()) {
      key.grant(role, ...(actions.includes('s3:PutObject') ? ['kms:Decrypt', 'kms:GenerateDataKey'] : ['kms:Decrypt']));
    }
  }

  /** The region of all buckets, if CDK knows that it differs from the function's. */
  private regionOfBuckets(host: IDuckDbHost): string | undefined {
    const [region, ...others] = new Set(this.buckets.map((bucket) => otherRegion(bucket.env.region, host)));
    if (others.length > 0) {
      const regions = [region, ...others].map((each) => each ?? Stack.of(host).region);
      throw new Error(`${this.at} has buckets in several regions, ${regions.join(' and ')}: declare one step for each region`);
    }
    return region;
  }

  private encryptionKeys(): Set<kms.IKey> {
    const ofBuckets = this.buckets.flatMap((bucket) => bucket.encryptionKey ?? []);
    return new Set([...ofBuckets, ...this.options.encryptionKeys ?? []]);
  }

  /** The URLs for which DuckDB uses the function's credentials. It reads others, such as public buckets, without credentials. */
  private scopes(): string[] {
    return this.areas.flatMap(({ bucket, prefixes, key }) => urls(bucket, key !== undefined ? [key] : prefixes ?? ['']));
  }

  private get buckets(): s3.IBucket[] {
    return this.areas.map(({ bucket }) => bucket);
  }
}

/** Refuses a role or keys that are something else. */
export function expectRoleAndKeys({ assumeRole, encryptionKeys }: Pick<S3AccessOptions, 'assumeRole' | 'encryptionKeys'>, at: string): void {
  if (assumeRole !== undefined) {
    expectObject(assumeRole, 'roleArn', `${at} has as assumeRole`, 'an IRole, such as iam.Role.fromRoleArn(this, \'Reader\', arn)');
  }
  if (encryptionKeys === undefined) return;
  expectList(encryptionKeys, `${at} has as encryptionKeys`, '[key]');
  for (const key of encryptionKeys) {
    expectObject(key, 'keyArn', `${at} has among its encryptionKeys`, 'an IKey, such as kms.Key.fromKeyArn(this, \'Key\', arn)');
  }
}

/** The URLs of keys, or of what they begin with, in a bucket. */
export function urls(bucket: s3.IBucket, keys: string[]): string[] {
  return keys.map((key) => `s3://${bucket.bucketName}/${key}`);
}

/** The bucket's name, if it is known before the deployment. */
export function knownName(bucket: s3.IBucket): string | undefined {
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
