import { Duration, Stack } from 'aws-cdk-lib';
import { Role } from 'aws-cdk-lib/aws-iam';
import { DatabaseInstance } from 'aws-cdk-lib/aws-rds';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { documentedProps, valueOf } from './documented';
import { AnsweringServer, performed, startAnswering } from './performed';
import { readSecret } from '../../lib-runtime/aws/secrets';
import {
  BootstrapStepConfig, DuckDbFunction, DuckLakeMetadata, DuckLakePostgresOptions, DuckLakeSnapshot, DuckLakeStep, DuckLakeStepProps,
  IBootstrapStep, IcebergAuth, IcebergGlueOptions, IcebergOAuth2Options, IcebergRestOptions, IcebergS3TablesOptions, IcebergSource, IcebergStep,
  IcebergStepProps, LakeAccess, MotherDuckAttachMode, MotherDuckStep, MotherDuckStepProps, PostgresConnectionOptions, PostgresCredentials,
  PostgresEndpoint, PostgresStep, PostgresStepProps, PostgresTls, S3AccessOptions, S3Step, S3StepProps, S3UrlStyle, SecretSource,
  SecretSourceOptions, SqlStep, SqlStepProps,
} from '../../src';
import { ENTRY, unbundledStack } from '../duckdb-function/unbundled';

// Every key, unit and default of every step's configuration: the value that one half writes for a prop, and its effect in the other.

/** A prop that the construct passes to the runtime. */
interface Told {
  /** The keys of the configuration that the prop becomes. */
  readonly keys: string[];
  /** A value that is not the default. */
  readonly value: unknown;
  /** Other props that are given, if the prop has no meaning alone. */
  readonly beside?: object;
  /** If the `@default` describes the value: the text, and a value that means the same, if there is one. */
  readonly described?: readonly [text: string, value?: unknown];
  /** A default that synthesis writes itself, because it also needs the value for something else. */
  readonly isAlwaysWritten?: true;
  /** For a time: the form in which the runtime passes on the seven seconds of `value`. */
  readonly passedOn?: string;
}

/** Extensions, grants and names: only synthesis needs them. */
const SYNTHESIS = 'synthesis';

interface Described<Props> {
  readonly file: string;
  readonly interfaceName: string;
  readonly make: (props: any) => IBootstrapStep;
  readonly least: Props;
  readonly props: { readonly [prop in keyof Required<Props>]: Told | typeof SYNTHESIS };
}

const stack: Stack = unbundledStack();
const fn = new DuckDbFunction(stack, 'Fn', { entry: ENTRY });
const lake = Bucket.fromBucketName(stack, 'Lake', 'lake');
const password = secretOf('password');
const SEVEN = Duration.seconds(7);

function secretOf(field?: string, options?: SecretSourceOptions): SecretSource {
  const secretName = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf';
  const imported = stack.node.tryFindChild('Db') as Secret | undefined;
  return SecretSource.fromSecretsManager(imported ?? Secret.fromSecretCompleteArn(stack, 'Db', secretName), field, options);
}

const parameter = SecretSource.fromSsmParameter(StringParameter.fromStringParameterName(stack, 'Parameter', '/db/password'));

const S3: Described<S3StepProps> = {
  file: 'bootstrap/s3/s3-step.ts',
  interfaceName: 'S3StepProps',
  make: (props) => new S3Step(props),
  least: { buckets: [lake] },
  props: {
    name: SYNTHESIS,
    permissions: SYNTHESIS,
    encryptionKeys: SYNTHESIS,
    buckets: { keys: ['scopes'], value: [Bucket.fromBucketName(stack, 'Other', 'other')] },
    prefixes: { keys: ['scopes'], value: ['events/'], described: ['- all keys'], isAlwaysWritten: true },
    region: {
      keys: ['region'],
      value: 'eu-north-1',
      described: ['- the region that CDK knows for the buckets, for example from `Bucket.fromBucketAttributes(…, { region })`, otherwise the function\'s', 'eu-west-1'],
    },
    assumeRole: { keys: ['assumeRole'], value: Role.fromRoleArn(stack, 'Reader', 'arn:aws:iam::111111111111:role/reader'), described: ['- the function\'s own role'] },
    requesterPays: { keys: ['requesterPays'], value: true },
    maxStaleness: {
      keys: ['maxStalenessSeconds'], value: SEVEN, passedOn: 'maxStalenessMs is 7000', described: ['- each query asks S3 whether its objects have changed'],
    },
    immutable: { keys: ['immutable'], value: true },
    prefetch: { keys: ['prefetch'], value: ['orders/*.parquet'], described: ['- nothing is read before a query needs it'] },
    endpoint: { keys: ['endpoint'], value: 'https://s3.example.com', described: ['- AWS\'s, or the value of AWS_ENDPOINT_URL_S3 in the function\'s environment'] },
    urlStyle: {
      keys: ['urlStyle'],
      value: S3UrlStyle.VIRTUAL_HOST,
      beside: { endpoint: 'https://s3.example.com' },
      described: [
        '- for AWS, in the host, or in the path if a bucket\'s name has a dot, because AWS\'s certificate does not cover such hosts; for an endpoint, in the path',
        S3UrlStyle.PATH,
      ],
    },
    credentialChain: { keys: ['credentialChain'], value: true },
  },
};

const CONNECTION: PostgresConnectionOptions = {
  endpoint: PostgresEndpoint.fromHost('db.example.com'), database: 'app', credentials: PostgresCredentials.fromPassword('reader', password),
};

/** What every step with a connection to PostgreSQL takes. */
const CONNECTION_PROPS: Described<PostgresConnectionOptions>['props'] = {
  endpoint: {
    keys: ['host', 'port'],
    value: PostgresEndpoint.fromHost('other.example.com', { port: 6432 }),
    described: ['- what `PostgresCredentials.fromSecret` holds; other credentials need it'],
  },
  database: { keys: ['database'], value: 'other', described: ['- what `PostgresCredentials.fromSecret` holds; other credentials need it'] },
  credentials: { keys: ['user', 'password'], value: PostgresCredentials.fromPassword('other', parameter) },
  tls: { keys: ['tls'], value: PostgresTls.DISABLE },
  caFile: {
    keys: ['tls', 'caFile'], value: __filename, beside: { tls: PostgresTls.VERIFY_FULL, caFile: ENTRY }, described: ['- required for VERIFY_FULL'],
  },
  connectTimeout: { keys: ['connectTimeoutSeconds'], value: SEVEN, passedOn: ', CONNECT_TIMEOUT \'7\'' },
  tcpUserTimeout: {
    keys: ['tcpUserTimeoutSeconds'],
    value: SEVEN,
    passedOn: ', TCP_USER_TIMEOUT \'7000\'',
    described: ['- the same as connectTimeout', valueOf(documentedProps('bootstrap/postgres/postgres-connection-options.ts', 'PostgresConnectionOptions').connectTimeout)],
  },
  keepalive: { keys: ['keepaliveSeconds'], value: SEVEN, passedOn: ', KEEPALIVES_IDLE \'7\'' },
  statementTimeout: { keys: ['statementTimeoutSeconds'], value: SEVEN, passedOn: ', OPTIONS \'-c statement_timeout=7000\'' },
  disableStatementTimeout: { keys: ['disableStatementTimeout'], value: true },
  maxConnections: { keys: ['maxConnections'], value: 7 },
  applicationName: { keys: ['applicationName'], value: 'reports' },
};

const POSTGRES: Described<PostgresStepProps> = {
  file: 'bootstrap/postgres/postgres-step.ts',
  interfaceName: 'PostgresStepProps',
  make: (props) => new PostgresStep(props),
  least: CONNECTION,
  props: {
    ...CONNECTION_PROPS,
    name: SYNTHESIS,
    catalog: { keys: ['catalog'], value: 'other', isAlwaysWritten: true },
    schema: { keys: ['schema'], value: 'public', described: ['- all schemas'] },
  },
};

const LAKE_DATABASE: Described<DuckLakePostgresOptions> = {
  file: 'bootstrap/ducklake/ducklake-metadata.ts',
  interfaceName: 'DuckLakePostgresOptions',
  make: (options) => new DuckLakeStep({ metadata: DuckLakeMetadata.postgres(options), data: { bucket: lake, prefix: 'lake/' } }),
  least: CONNECTION,
  props: {
    ...CONNECTION_PROPS,
    schema: { keys: ['metadataSchema'], value: 'sales', described: ['- `public`'] },
  },
};

const writing = { access: LakeAccess.WRITE };

const DUCKLAKE: Described<DuckLakeStepProps> = {
  file: 'bootstrap/ducklake/ducklake-step.ts',
  interfaceName: 'DuckLakeStepProps',
  make: (props) => new DuckLakeStep(props),
  least: { metadata: DuckLakeMetadata.postgres(CONNECTION), data: { bucket: lake, prefix: 'lake/' } },
  props: {
    name: SYNTHESIS,
    metadata: { keys: ['database'], value: DuckLakeMetadata.postgres({ ...CONNECTION, database: 'other' }) },
    data: {
      keys: ['dataPath', 's3'],
      value: { bucket: lake, prefix: 'other/' },
      described: ['- required for a lake in PostgreSQL. For a frozen lake, the data is where the catalog says. It must be public, or an `S3Step` must give access to it'],
    },
    s3: {
      keys: ['s3'],
      value: { region: 'eu-north-1' },
      isAlwaysWritten: true,
      described: ['- with the function\'s own role, in the region that CDK knows for the buckets'],
    },
    access: { keys: ['access'], value: LakeAccess.WRITE },
    catalog: { keys: ['catalog'], value: 'other', isAlwaysWritten: true },
    createIfMissing: { keys: ['createIfMissing'], value: true, beside: writing },
    encrypted: { keys: ['encrypted'], value: true, beside: { ...writing, createIfMissing: true } },
    migrateIfNeeded: { keys: ['migrateIfNeeded'], value: true, beside: writing },
    dataInliningRowLimit: { keys: ['dataInliningRowLimit'], value: 10, beside: writing },
    snapshot: { keys: ['snapshotVersion'], value: DuckLakeSnapshot.version(7), described: ['- each transaction reads the latest snapshot'] },
  },
};

const MOTHERDUCK: Described<MotherDuckStepProps> = {
  file: 'bootstrap/motherduck-step.ts',
  interfaceName: 'MotherDuckStepProps',
  make: (props) => new MotherDuckStep(props),
  least: { token: password },
  props: {
    name: SYNTHESIS,
    allowDownload: SYNTHESIS,
    token: { keys: ['token'], value: parameter },
    databases: { keys: ['databases'], value: ['sales'], described: ['- all databases that the token\'s user has attached'] },
    attachMode: {
      keys: ['attachMode'],
      value: MotherDuckAttachMode.SINGLE,
      described: ['- SINGLE if databases are named, WORKSPACE otherwise', MotherDuckAttachMode.WORKSPACE],
    },
    saasMode: { keys: ['saasMode'], value: true },
  },
};

const SQL: Described<SqlStepProps> = {
  file: 'bootstrap/sql-step.ts',
  interfaceName: 'SqlStepProps',
  make: (props) => new SqlStep(props),
  least: { name: 'sql', statements: ['SET VARIABLE t = $token'] },
  props: {
    name: SYNTHESIS,
    extensions: SYNTHESIS,
    // Beside the configuration, in the top level of the contract.
    provides: SYNTHESIS,
    statements: { keys: ['statements'], value: ['SET VARIABLE u = 1'] },
    secrets: { keys: ['secrets'], value: { token: parameter }, described: ['- none'] },
  },
};

const TABLE_BUCKET = 'arn:aws:s3tables:eu-west-1:111111111111:bucket/sales';

const ICEBERG: Described<IcebergStepProps> = {
  file: 'bootstrap/iceberg/iceberg-step.ts',
  interfaceName: 'IcebergStepProps',
  make: (props) => new IcebergStep(props),
  least: { source: IcebergSource.glue({ data: [{ bucket: lake }] }) },
  props: {
    name: SYNTHESIS,
    encryptionKeys: SYNTHESIS,
    source: { keys: ['source', 'warehouse', 'region'], value: IcebergSource.s3Tables(TABLE_BUCKET) },
    access: { keys: ['access'], value: LakeAccess.WRITE },
    catalog: { keys: ['catalog'], value: 'other', isAlwaysWritten: true },
    maxStaleness: {
      keys: ['maxStalenessSeconds'],
      value: SEVEN,
      passedOn: 'MAX_TABLE_STALENESS \'7 seconds\'',
      described: ['- each query asks the catalog for the current state of its tables'],
    },
    assumeRole: { keys: ['assumeRole'], value: Role.fromRoleArn(stack, 'Lakes', 'arn:aws:iam::111111111111:role/lakes'), described: ['- the function\'s own role'] },
  },
};

const CATALOG_ENDPOINT = '- the service\'s own, or that of AWS_ENDPOINT_URL_S3TABLES or AWS_ENDPOINT_URL_GLUE in the function\'s environment, with the path /iceberg';

const S3_TABLES: Described<IcebergS3TablesOptions> = {
  file: 'bootstrap/iceberg/iceberg-source.ts',
  interfaceName: 'IcebergS3TablesOptions',
  make: (options) => new IcebergStep({ source: IcebergSource.s3Tables(TABLE_BUCKET, options) }),
  least: {},
  props: {
    region: SYNTHESIS,
    account: SYNTHESIS,
    endpoint: { keys: ['endpoint'], value: 'https://tables.example.com/iceberg', described: [CATALOG_ENDPOINT, 'https://s3tables.eu-west-1.amazonaws.com/iceberg'] },
  },
};

const GLUE: Described<IcebergGlueOptions> = {
  file: 'bootstrap/iceberg/iceberg-source.ts',
  interfaceName: 'IcebergGlueOptions',
  make: (options) => new IcebergStep({ source: IcebergSource.glue(options) }),
  least: { data: [{ bucket: lake }] },
  props: {
    databases: SYNTHESIS,
    data: { keys: ['s3'], value: [{ bucket: lake, prefix: 'warehouse/' }] },
    catalogId: { keys: ['warehouse'], value: '222222222222:sales', described: ['- the function\'s account', '111111111111'], isAlwaysWritten: true },
    region: { keys: ['region'], value: 'eu-north-1', described: ['- the function\'s', 'eu-west-1'], isAlwaysWritten: true },
    endpoint: { keys: ['endpoint'], value: 'https://glue.example.com/iceberg', described: [CATALOG_ENDPOINT, 'https://glue.eu-west-1.amazonaws.com/iceberg'] },
  },
};

const REST: Described<IcebergRestOptions> = {
  file: 'bootstrap/iceberg/iceberg-source.ts',
  interfaceName: 'IcebergRestOptions',
  make: (options) => new IcebergStep({ source: IcebergSource.rest('https://catalog.example.com/api', options) }),
  least: {},
  props: {
    warehouse: { keys: ['warehouse'], value: 'sales', described: ['- the catalog\'s default'] },
    auth: { keys: ['auth'], value: IcebergAuth.token(parameter) },
    data: { keys: ['s3'], value: [{ bucket: lake }], described: ['- the catalog gives DuckDB credentials for the files of each table'] },
    region: {
      keys: ['s3'],
      value: 'eu-north-1',
      beside: { data: [{ bucket: lake }] },
      described: ['- the region that CDK knows for the buckets, otherwise the function\'s', 'eu-west-1'],
      isAlwaysWritten: true,
    },
  },
};

const STEPS: Described<any>[] = [S3, POSTGRES, LAKE_DATABASE, DUCKLAKE, ICEBERG, S3_TABLES, GLUE, REST, MOTHERDUCK, SQL];

const TOLD = STEPS.flatMap((step) => Object.entries<Told | typeof SYNTHESIS>(step.props)
  .flatMap(([prop, told]) => (told === SYNTHESIS ? [] : [{ of: step, prop, told, name: `${step.interfaceName}.${prop}` }])));

/** Parts that keep running while the date is set by hand. */
const REAL = [
  'hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate', 'setInterval', 'clearInterval', 'setTimeout', 'clearTimeout',
] as const;

const bound = ({ make, least }: Described<any>, props: object = {}): BootstrapStepConfig => make({ ...least, ...props }).bind(fn);

let aws: AnsweringServer;
const outside = { ...process.env };

beforeAll(async () => {
  aws = await startAnswering();
  const endpoints = Object.fromEntries(['SSM', 'SECRETS_MANAGER', 'STS'].map((service) => [`AWS_ENDPOINT_URL_${service}`, aws.endpoint]));
  process.env = { ...outside, ...endpoints, AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's' };
});

afterAll(() => {
  process.env = outside;
  aws.stop();
});

test.each(TOLD)('$name: the configuration has it by its keys, and only if it is given', ({ of, prop, told }) => {
  const without = bound(of, told.beside).config!;
  const given = bound(of, { ...told.beside, [prop]: told.value }).config!;
  expect(told.keys.filter((key) => !(key in given))).toEqual([]);
  expect(Object.keys(given).filter((key) => !(key in without)).filter((key) => !told.keys.includes(key))).toEqual([]);
  const isGiven = prop in of.least || prop in (told.beside ?? {}) || told.isAlwaysWritten;
  expect(told.keys.filter((key) => key in without)).toEqual(isGiven ? told.keys : []);
});

test.each(TOLD)('$name: the runtime does by it what it does not do by default', async ({ of, prop, told }) => {
  const given = await performed(bound(of, { ...told.beside, [prop]: told.value }));
  expect(given).not.toBe(await performed(bound(of, told.beside)));
});

const DEFAULTS = TOLD.flatMap(({ of, prop, told, name }) => {
  const documented = documentedProps(of.file, of.interfaceName)[prop];
  return documented.text === undefined ? [] : [{ of, prop, told, name, documented, text: documented.text }];
});

test.each(DEFAULTS)('$name: the runtime\'s default is the documented one, $text', async ({ of, prop, told, documented, text }) => {
  const value = valueOf(documented) ?? told.described?.[1];
  if (valueOf(documented) === undefined) expect(text).toBe(told.described?.[0]);
  if (value !== undefined) expect(await performed(bound(of, { ...told.beside, [prop]: value }))).toBe(await performed(bound(of, told.beside)));
});

test.each(STEPS)('each optional prop of $interfaceName documents its default', ({ file, interfaceName, props }) => {
  const documented = documentedProps(file, interfaceName);
  expect(Object.keys(documented).sort()).toEqual(Object.keys(props).sort());
  expect(Object.entries(documented).filter(([, { isOptional, text }]) => isOptional !== (text !== undefined)).map(([prop]) => prop)).toEqual([]);
});

describe('a time', () => {
  const times = TOLD.filter(({ of, prop }) => documentedProps(of.file, of.interfaceName)[prop].type === 'Duration');

  test('has its unit in its key', () => {
    const ofConnection = (options: string) => ['connectTimeout', 'tcpUserTimeout', 'keepalive', 'statementTimeout'].map((prop) => `${options}.${prop}`);
    expect(times.map(({ name }) => name)).toEqual([
      'S3StepProps.maxStaleness', ...ofConnection('PostgresStepProps'), ...ofConnection('DuckLakePostgresOptions'), 'IcebergStepProps.maxStaleness',
    ]);
    expect(times.flatMap(({ told }) => told.keys).filter((key) => !/(?:Seconds|Ms)$/.test(key))).toEqual([]);
  });

  test.each(times)('$name is passed on in its unit', async ({ of, prop, told }) => {
    const [key] = told.keys;
    expect(bound(of, { [prop]: Duration.minutes(2) }).config![key]).toBe(120);
    expect(await performed(bound(of, { [prop]: told.value }))).toContain(JSON.stringify(told.passedOn).slice(1, -1));
  });
});

describe('a lake', () => {
  test('has access to S3 by the configuration of an S3Step', () => {
    const options: Required<S3AccessOptions> = {
      encryptionKeys: [],
      region: 'eu-north-1',
      assumeRole: Role.fromRoleArn(stack, 'Owner', 'arn:aws:iam::111111111111:role/owner'),
      requesterPays: true,
      endpoint: 'https://s3.example.com',
      urlStyle: S3UrlStyle.VIRTUAL_HOST,
    };
    expect(bound(DUCKLAKE, { s3: options }).config!.s3).toEqual(bound(S3, { ...options, prefixes: ['lake/'] }).config);
  });

  test('in a file has no key of a database, and is read without one', async () => {
    const frozen = bound(DUCKLAKE, { metadata: DuckLakeMetadata.file(lake, 'lake.ducklake'), data: undefined });
    expect(frozen.config).toEqual({ catalog: 'lake', file: 's3://lake/lake.ducklake', s3: { scopes: ['s3://lake/lake.ducklake'] } });
    expect(await performed(frozen)).toContain('ducklake:s3://lake/lake.ducklake');
  });

  test.each(['2026-01-31T00:00:00Z', '2026-01-31T00:00:00+01:00'])('at a time is passed on: %s', async (time) => {
    const { config } = bound(DUCKLAKE, { snapshot: DuckLakeSnapshot.time(time) });
    expect(config!.snapshotTime).toBe(time);
    expect(await performed(bound(DUCKLAKE, { snapshot: DuckLakeSnapshot.time(time) }))).toContain(time);
  });

  test.each([[LakeAccess.MAINTAIN, 'CREATE_IF_NOT_EXISTS false'], [LakeAccess.READ, 'READ_ONLY']])('with %s is attached accordingly', async (access, option) => {
    expect(await performed(bound(DUCKLAKE, { access }))).toContain(option);
  });
});

test('a statement timeout that is switched off is absent, not 0', async () => {
  const off = bound(POSTGRES, { disableStatementTimeout: true });
  expect(off.config).toEqual({ ...bound(POSTGRES).config, disableStatementTimeout: true });
  expect(await performed(off)).not.toContain('statement_timeout');
});

describe('signing in to PostgreSQL', () => {
  const by = (credentials: PostgresCredentials, more: object = {}) => new PostgresStep({ ...POSTGRES.least, credentials, ...more }).bind(fn);

  test('with a secret that has everything but the port, which is then the documented one', async () => {
    const secret = stack.node.findChild('Db') as Secret;
    const port = valueOf(documentedProps('bootstrap/postgres/postgres-endpoint.ts', 'PostgresHostOptions').port) as number;
    const step = by(PostgresCredentials.fromSecret(secret), { endpoint: undefined, database: undefined });
    expect(Object.keys(step.config!)).toEqual(['catalog', 'secret']);
    expect(await performed(step)).toBe(await performed(bound(POSTGRES, { endpoint: PostgresEndpoint.fromHost('db.example.com', { port }) })));
  });

  test('with IAM', async () => {
    const replica = DatabaseInstance.fromDatabaseInstanceAttributes(stack, 'Replica', {
      instanceIdentifier: 'replica', instanceEndpointAddress: 'db.example.com', port: 5432, securityGroups: [], instanceResourceId: 'db-ABC',
    });
    const step = by(PostgresCredentials.fromIam('reader'), { endpoint: PostgresEndpoint.fromInstance(replica) });
    expect(Object.keys(step.config!)).toEqual(['catalog', 'host', 'port', 'database', 'user', 'iam']);
    expect(await performed(step)).toMatch(/"password": "db\.example\.com:5432\/\?Action=connect/);
  });
});

describe('signing in to an Iceberg catalog', () => {
  const url = 'https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com';
  const by = (auth: IcebergAuth) => new IcebergStep({ source: IcebergSource.rest(url, { auth }) }).bind(fn);
  const client: IcebergOAuth2Options = { clientId: 'reports', clientSecret: parameter, serverUri: 'https://auth.example.com/token' };

  test.each<[string, IcebergAuth, string[], RegExp]>([
    ['not at all', IcebergAuth.none(), ['type'], /AUTHORIZATION_TYPE 'none'/],
    ['with a token', IcebergAuth.token(parameter), ['type', 'token'], /"token": "value of \/db\/password"[^]*AUTHORIZATION_TYPE 'oauth2'/],
    ['with a client', IcebergAuth.oauth2(client), ['type', 'clientId', 'clientSecret', 'serverUri'],
      /OAUTH2_SERVER_URI 'https:\/\/auth\.example\.com\/token'[^]*"client_id": "reports"[^]*"client_secret": "value of \/db\/password"/],
    ['with a client, for a scope', IcebergAuth.oauth2({ ...client, scope: 'lakes' }), ['type', 'clientId', 'clientSecret', 'serverUri', 'scope'], /OAUTH2_SCOPE 'lakes'/],
    ['with a signature', IcebergAuth.sigV4('execute-api'), ['type', 'service'], /AUTHORIZATION_TYPE 'sigv4'[^]*SIGV4_SERVICE 'execute-api', SIGV4_REGION 'eu-west-1'/],
    ['with a signature for a region', IcebergAuth.sigV4('glue', 'eu-north-1'), ['type', 'service', 'region'], /SIGV4_SERVICE 'glue', SIGV4_REGION 'eu-north-1'/],
  ])('%s', async (_, auth, keys, done) => {
    const step = by(auth);
    expect(Object.keys(step.config!.auth)).toEqual(keys);
    expect(await performed(step)).toMatch(done);
  });

  test.each<[string, IcebergSource]>([
    ['S3 Tables', IcebergSource.s3Tables(TABLE_BUCKET)],
    ['Glue', IcebergSource.glue({ data: [{ bucket: lake }] })],
    ['a catalog that checks signatures', IcebergSource.rest(url, { auth: IcebergAuth.sigV4('execute-api') })],
  ])('with a role, to %s', async (_, source) => {
    const assumeRole = stack.node.findChild('Lakes') as Role;
    expect(await performed(new IcebergStep({ source, assumeRole }).bind(fn))).toContain('arn:aws:iam::111111111111:role/lakes');
  });

  test('every option of a client is among them', () => {
    expect(Object.keys(documentedProps('bootstrap/iceberg/iceberg-auth.ts', 'IcebergOAuth2Options'))).toEqual(['clientId', 'clientSecret', 'serverUri', 'scope']);
  });
});

describe('a secret', () => {
  const reference = (source: SecretSource) => source.bind(fn) as any;

  test('of Secrets Manager, whole or one field, and a parameter of SSM', async () => {
    expect(JSON.parse(await readSecret(reference(secretOf())))).toMatchObject({ username: 'reader' });
    expect(await readSecret(reference(secretOf('other')))).toMatch(/^other of arn:aws:secretsmanager:.*db-AbCdEf$/);
    expect(await readSecret(reference(parameter))).toBe('value of /db/password');
  });

  const documented = documentedProps('secret-source.ts', 'SecretSourceOptions').maxAge;

  test.each<[string, Duration, SecretSourceOptions]>([
    ['its maxAge', Duration.minutes(2), { maxAge: Duration.minutes(2) }],
    [`the documented default, ${documented.text},`, valueOf(documented) as Duration, {}],
  ])('is used until %s has passed', async (_, age, options) => {
    const source = reference(secretOf('password', options));
    expect(Object.keys(source)).toEqual(['secretsManager', 'field', ...options.maxAge ? ['maxAgeSeconds'] : []]);
    jest.useFakeTimers({ now: Date.now(), doNotFake: [...REAL] });
    try {
      await readSecret(source, { fresh: true });
      const { length } = aws.requests;
      jest.setSystemTime(Date.now() + age.toMilliseconds() - 1_000);
      await readSecret(source);
      expect(aws.requests).toHaveLength(length);
      jest.setSystemTime(Date.now() + 2_000);
      await readSecret(source);
      expect(aws.requests).toHaveLength(length + 1);
    } finally {
      jest.useRealTimers();
    }
  });
});

test('no step writes other keys', () => {
  const all = TOLD.map(({ of, prop, told }) => bound(of, { ...told.beside, [prop]: told.value }));
  const declared = new Set(TOLD.flatMap(({ told }) => told.keys));
  expect([...new Set(all.flatMap(({ config }) => Object.keys(config!)))].filter((key) => !declared.has(key))).toEqual([]);
});
