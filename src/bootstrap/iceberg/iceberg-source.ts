import { ArnFormat, Stack, Token, TokenComparison } from 'aws-cdk-lib';
import { allowToUrl, checkCatalogUrl, checkEncryption } from './catalog-url';
import { grantGlueCatalog } from './glue-access';
import { IcebergAuth } from './iceberg-auth';
import { IcebergBinding } from './iceberg-binding';
import { bindData, checkData, IcebergData } from './iceberg-data';
import { grantTableBucket } from './s3-tables-access';
import { grantToRole } from '../../aws/assumed-role';
import { otherRegion } from '../../aws/other-region';
import { expectObject, expectOptions, expectProps, expectText, expectTexts, PropNames, shown } from '../../checks/expect';
import { expectRegion } from '../../checks/region';

/** Options for a catalog of an AWS service. */
export interface IcebergAwsOptions {
  /**
   * The region of the catalog and of its tables' files, such as `eu-west-1`.
   *
   * @default - the function's
   */
  readonly region?: string;

  /**
   * The URL of the catalog with its path, such as `https://vpce-0123456789abcdef0-01234567.s3tables.eu-west-1.vpce.amazonaws.com/iceberg`.
   *
   * Use it for a VPC endpoint without private DNS names, and for servers that stand in for AWS.
   *
   * @default - the service's own, or that of AWS_ENDPOINT_URL_S3TABLES or AWS_ENDPOINT_URL_GLUE in the function's environment, with the path /iceberg
   */
  readonly endpoint?: string;
}

/** Options for a table bucket of S3 Tables. */
export interface IcebergS3TablesOptions extends IcebergAwsOptions {
  /**
   * The account of the table bucket, if it is not the function's. The table bucket's policy must then allow the function's role, or the step must
   * assume a role of that account.
   *
   * @default - the function's
   */
  readonly account?: string;
}

/** Options for a catalog of the Glue Data Catalog. */
export interface IcebergGlueOptions extends IcebergAwsOptions {
  /** The folders of the tables' files. Tables in Glue have their files in your buckets. */
  readonly data: IcebergData[];

  /**
   * The databases that SQL may access.
   *
   * @default - all databases of the catalog
   */
  readonly databases?: string[];

  /**
   * The catalog's id: an account such as `111122223333`, or a catalog of an account such as `111122223333:sales`.
   *
   * @default - the function's account
   */
  readonly catalogId?: string;
}

/** Options for a REST catalog. */
export interface IcebergRestOptions {
  /**
   * The name of the warehouse in the catalog.
   *
   * @default - the catalog's default
   */
  readonly warehouse?: string;

  /**
   * How the function signs in.
   *
   * @default IcebergAuth.none()
   */
  readonly auth?: IcebergAuth;

  /**
   * The folders of the tables' files. The function reads them with its own credentials, which the runtime renews.
   *
   * @default - the catalog gives DuckDB credentials for the files of each table
   */
  readonly data?: IcebergData[];

  /**
   * The region of the buckets in `data`.
   *
   * @default - the region that CDK knows for the buckets, otherwise the function's
   */
  readonly region?: string;
}

const AWS: PropNames<IcebergAwsOptions> = { region: true, endpoint: true };
const S3_TABLES: PropNames<IcebergS3TablesOptions> = { ...AWS, account: true };
const GLUE: PropNames<IcebergGlueOptions> = { ...AWS, data: true, databases: true, catalogId: true };
const REST: PropNames<IcebergRestOptions> = { warehouse: true, auth: true, data: true, region: true };

const TABLE_BUCKET = 'arn:aws:s3tables:eu-west-1:111122223333:bucket/sales';

/**
 * The Iceberg catalog that has a function's tables.
 *
 * @example
 * declare const tableBucketArn: string;
 * declare const lake: s3.IBucket;
 *
 * IcebergSource.s3Tables(tableBucketArn);
 * IcebergSource.glue({ databases: ['sales'], data: [{ bucket: lake, prefix: 'warehouse/' }] });
 * IcebergSource.rest('https://catalog.example.com/api/catalog', { warehouse: 'sales', data: [{ bucket: lake, prefix: 'warehouse/' }] });
 */
export abstract class IcebergSource {
  /**
   * A table bucket of S3 Tables, through its own REST endpoint.
   *
   * @param tableBucketArn the table bucket's ARN, such as `new s3tables.CfnTableBucket(this, 'Tables', { … }).attrTableBucketArn`
   * @param options        for a table bucket of another region or account
   */
  public static s3Tables(tableBucketArn: string, options: IcebergS3TablesOptions = {}): IcebergSource {
    return new S3TablesSource(tableBucketArn, options);
  }

  /**
   * A catalog of the Glue Data Catalog whose tables have their files in S3 buckets.
   *
   * DuckDB does not ask Lake Formation for credentials. The step reads the files with its own role, which needs access to them.
   *
   * @param options the buckets of the tables' files
   */
  public static glue(options: IcebergGlueOptions): IcebergSource {
    return new GlueSource(options);
  }

  /**
   * A catalog with Iceberg's REST API, such as Polaris, Lakekeeper or Nessie.
   *
   * @param url     its URL, such as `https://catalog.example.com/api/catalog`, without the `/v1` that DuckDB adds
   * @param options how to sign in, and where the tables' files are
   */
  public static rest(url: string, options: IcebergRestOptions = {}): IcebergSource {
    return new RestSource(url, options);
  }

  /**
   * Whether the catalog's requests are signed with AWS credentials.
   * @internal
   */
  public abstract readonly _signs: boolean;

  /**
   * Whether the function reads the tables' files with AWS credentials of its own.
   * @internal
   */
  public abstract readonly _readsData: boolean;

  /**
   * Grants what the catalog and its files take, and returns what the runtime needs.
   * @internal
   */
  public abstract _bind(binding: IcebergBinding): { [key: string]: any };
}

class S3TablesSource extends IcebergSource {
  public readonly _signs = true;
  public readonly _readsData = true;

  constructor(private readonly arn: string, private readonly options: IcebergS3TablesOptions) {
    super();
    const what = 'IcebergSource.s3Tables';
    expectText(arn, `${what} has the table bucket`, TABLE_BUCKET);
    if (!Token.isUnresolved(arn) && !/^arn:aws[a-z-]*:s3tables:[a-z0-9-]+:\d{12}:bucket\/[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(arn)) {
      throw new Error(`${what} has the table bucket ${shown(arn)}: expected the ARN of a table bucket such as "${TABLE_BUCKET}"`
        + (/:s3:::/.test(arn) ? '; this one is a general purpose bucket, whose Iceberg tables a catalog such as IcebergSource.glue knows' : ''));
    }
    expectOptions(options, what, S3_TABLES);
    if (options.account !== undefined) expectText(options.account, `${what} has the account`, '111122223333');
    checkAwsOptions(options, what);
  }

  public _bind({ host, step, at, canWrite, encryptionKeys, assumeRole }: IcebergBinding): { [key: string]: any } {
    const stack = Stack.of(host);
    const { region, account } = stack.splitArn(this.arn, ArnFormat.SLASH_RESOURCE_NAME);
    this.expectSame(region!, 'region', stack, at);
    this.expectSame(account!, 'account', stack, at);
    grantToRole(host, assumeRole, (role) => grantTableBucket(role, this.arn, encryptionKeys, canWrite));
    const elsewhere = otherRegion(region!, host);
    allowCatalog('s3tables', elsewhere, this.options, { host, step, at });
    host.addRequiredEndpoint({ service: 's3', region: elsewhere });
    return { source: 's3tables', warehouse: this.arn, region, ...endpointOf(this.options) };
  }

  private expectSame(theirs: string, what: 'region' | 'account', stack: Stack, at: string): void {
    const expected = this.options[what] ?? stack[what];
    if (Token.compareStrings(theirs, expected) !== TokenComparison.DIFFERENT) return;
    throw new Error(`${at} has the table bucket ${this.arn}, whose ${what} is not ${expected}: correct the ARN, `
      + `or name the ${what}, as in IcebergSource.s3Tables(arn, { ${what}: '${theirs}' })`);
  }
}

class GlueSource extends IcebergSource {
  public readonly _signs = true;
  public readonly _readsData = true;

  constructor(private readonly options: IcebergGlueOptions) {
    super();
    const what = 'IcebergSource.glue';
    expectProps(options, what, 'IcebergSource.glue({ data: [{ bucket: lake, prefix: \'warehouse/\' }] })', GLUE);
    checkData(options.data, what);
    checkAwsOptions(options, what);
    const { databases, catalogId } = options;
    if (databases !== undefined) {
      expectTexts(databases, `${what} has the database`, 'sales');
      if (databases.length === 0) throw new Error(`${what} has an empty list of databases: leave the prop out to mean all`);
      for (const database of databases) checkDatabase(database, what);
    }
    if (catalogId !== undefined) checkCatalogId(catalogId, what);
  }

  public _bind(binding: IcebergBinding): { [key: string]: any } {
    const { host, canWrite, assumeRole } = binding;
    const { data, databases, catalogId } = this.options;
    const stack = Stack.of(host);
    const region = this.options.region ?? stack.region;
    const warehouse = catalogId ?? stack.account;
    const [account, name] = warehouse.split(':');
    grantToRole(host, assumeRole, (role) => grantGlueCatalog(role, stack, { region, account, name, databases }, canWrite));
    allowCatalog('glue', otherRegion(region, host), this.options, binding);
    return { source: 'glue', warehouse, region, ...endpointOf(this.options), s3: bindData(data, this.options.region, binding) };
  }
}

class RestSource extends IcebergSource {
  public readonly _signs: boolean;
  public readonly _readsData: boolean;
  private readonly auth: IcebergAuth;

  constructor(private readonly url: string, private readonly options: IcebergRestOptions) {
    super();
    const what = 'IcebergSource.rest';
    const example = 'https://catalog.example.com/api/catalog';
    checkCatalogUrl(url, `${what} has as URL`, example);
    if (!Token.isUnresolved(url) && /\/v1\/?$/.test(url)) {
      throw new Error(`${what} has the URL ${shown(url)}: expected it without "/v1", which DuckDB adds, as in "${example}"`);
    }
    expectOptions(options, what, REST);
    const { warehouse, auth = IcebergAuth.none(), data, region } = options;
    if (warehouse !== undefined) expectText(warehouse, `${what} has the warehouse`, 'sales');
    expectObject(auth, '_sends', `${what} has as auth`, 'IcebergAuth such as IcebergAuth.token(source)');
    if (auth._sends !== undefined) checkEncryption(url, auth._sends, `${what} has the URL`);
    if (data !== undefined) checkData(data, what);
    if (region !== undefined) expectRegion(region, `${what} has the region`);
    if (region !== undefined && data === undefined) {
      throw new Error(`${what} has the region ${shown(region)} without data, whose buckets it would be the region of: name the buckets, or remove the region`);
    }
    this.auth = auth;
    this._signs = auth._signs;
    this._readsData = data !== undefined;
  }

  public _bind(binding: IcebergBinding): { [key: string]: any } {
    const { warehouse, data, region } = this.options;
    const { host, step, at } = binding;
    allowToUrl(host, this.url, `the catalog of the step ${step}`, at);
    return {
      source: 'rest',
      endpoint: this.url,
      ...(warehouse !== undefined && { warehouse }),
      ...(this.options.auth && { auth: this.auth._bind(binding, this.url) }),
      ...(data && { s3: bindData(data, region, binding) }),
    };
  }
}

function checkAwsOptions({ region, endpoint }: IcebergAwsOptions, what: string): void {
  if (region !== undefined) expectRegion(region, `${what} has the region`);
  if (endpoint === undefined) return;
  checkCatalogUrl(endpoint, `${what} has as endpoint`, 'https://s3tables.eu-west-1.amazonaws.com/iceberg');
  checkEncryption(endpoint, 'the session token of AWS credentials', `${what} has the endpoint`);
  if (!Token.isUnresolved(endpoint) && new URL(endpoint).pathname === '/') {
    throw new Error(`${what} has the endpoint ${shown(endpoint)}: expected it with the catalog's path, as in "${endpoint.replace(/\/$/, '')}/iceberg"`);
  }
}

/** Glue stores names in lower case. */
function checkDatabase(database: string, what: string): void {
  if (Token.isUnresolved(database) || !/[A-Z*?]/.test(database)) return;
  throw new Error(`${what} has the database ${shown(database)}: expected a name in lower case and without wildcards, such as "sales"; leave the prop out to mean all`);
}

function endpointOf({ endpoint }: IcebergAwsOptions): { endpoint?: string } {
  return endpoint === undefined ? {} : { endpoint };
}

/** Opens the way to the catalog: the service's own endpoint, or another URL. */
function allowCatalog(service: string, region: string | undefined, { endpoint }: IcebergAwsOptions, { host, step, at }: Pick<IcebergBinding, 'host' | 'step' | 'at'>): void {
  if (endpoint === undefined) host.addRequiredEndpoint({ service, region });
  else allowToUrl(host, endpoint, `the catalog of the step ${step}`, at);
}

/** A token may stand for the account, such as `Aws.ACCOUNT_ID`. */
function checkCatalogId(catalogId: string, what: string): void {
  expectText(catalogId, `${what} has the catalogId`, '111122223333');
  if (catalogId.includes(':s3tablescatalog')) {
    throw new Error(`${what} has the catalogId ${shown(catalogId)}, whose tables have their files in S3 Tables: use IcebergSource.s3Tables(tableBucketArn)`);
  }
  if (Token.isUnresolved(catalogId) || /^\d{12}(?::[^:/\s]+)?$/.test(catalogId)) return;
  throw new Error(`${what} has the catalogId ${shown(catalogId)}: expected an account such as "111122223333", or a catalog of an account such as "111122223333:sales"`);
}
