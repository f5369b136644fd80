import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { repositoryRoot } from '../../bed/paths';
import { describeWith } from '../../bed/require';
import { installPostgres } from '../../bed/servers/postgres';
import { type S3Server, startS3 } from '../../bed/servers/s3';
import { type Line, LINES, says } from '../says';
import { extensionFile, signedExtensions } from '../signed-extensions';

let scratch: string;
beforeAll(() => { scratch = mkdtempSync(join(tmpdir(), 'wording-')); });
afterAll(() => rmSync(scratch, { recursive: true }));

/** The error that `work` fails with. */
async function said(work: () => Promise<unknown>): Promise<string> {
  return work().then(() => 'nothing', (error: Error) => error.message);
}

/** Two connections to an instance of DuckDB, without the runtime. */
async function opened(path = ':memory:', settings: Record<string, string> = {}): Promise<readonly [DuckDBConnection, DuckDBConnection]> {
  const instance = await DuckDBInstance.create(path, { extension_directory: scratch, custom_extension_repository: 'http://127.0.0.1:9', ...settings });
  return [await instance.connect(), await instance.connect()];
}

const MANUAL = { autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' };

describe('DuckDB', () => {
  test.each<[sql: string, ...lines: Line[]]>([
    ['SELEC 1', 'DUCKDB.errorClass', 'DUCKDB.parserError', 'DUCKDB.echo'],
    ['SELECT missing', 'DUCKDB.binderError'],
    ['SET LOCAL threads = 1', 'DUCKDB.notImplementedError'],
    ['FROM missing.catalog.t', 'DUCKDB.binderError', 'DUCKDB.unknownCatalog'],
    ['USE missing', 'DUCKDB.catalogError', 'DUCKDB.unknownCatalogOrSchema'],
    ['CHECKPOINT missing', 'DUCKDB.unknownDatabase'],
    ['FROM missing.t', 'DUCKDB.unknownSchema'],
    ['FROM missing', 'DUCKDB.unknownTable'],
    ['DROP VIEW missing', 'DUCKDB.unknownTable'],
    ['FROM missing.f()', 'DUCKDB.unknownFunction'],
    ['SELECT missing.f(1)', 'DUCKDB.unknownFunction'],
    ['FROM missing.t AT (VERSION => 1)', 'DUCKDB.binderError', 'DUCKDB.noTimeTravel'],
    ['CREATE TABLE missing.t (i INT)', 'DUCKDB.unknownSchemaToWrite'],
    ['SELECT ST_Point(1, 2)', 'DUCKDB.catalogError', 'DUCKDB_EXTENSION.existsInExtension', 'DUCKDB_EXTENSION.installAndLoad'],
    ["FROM read_xlsx('x.xlsx')", 'DUCKDB_EXTENSION.existsInExtension', 'DUCKDB_EXTENSION.installAndLoad', 'DUCKDB_EXTENSION.autoInstall'],
    ['CREATE SECRET (TYPE s3)', 'DUCKDB.invalidInputError', 'DUCKDB_EXTENSION.existsInExtension'],
    ["FROM 's3://b/x.csv'", 'DUCKDB.missingExtensionError', 'DUCKDB_EXTENSION.requiresExtension', 'DUCKDB_EXTENSION.installAndLoad'],
    ['LOAD spatial', 'DUCKDB.ioError', 'DUCKDB_EXTENSION.extensionNotFound', 'DUCKDB_EXTENSION.existingExtension', 'DUCKDB_EXTENSION.installFirst'],
    ['INSTALL spatial', 'DUCKDB_EXTENSION.downloadFailed'],
    ["FROM read_csv('/none/x.csv')", 'DUCKDB.noFilesFound'],
    ["COPY (SELECT 1) TO '/none/x.csv'", 'DUCKDB.cannotOpenFile', 'DUCKDB.noSuchFile'],
    [`COPY (SELECT 1) TO '${tmpdir()}'`, 'DUCKDB.isDirectory'],
    [`COPY (SELECT 1 AS i, 2 AS j) TO '${tmpdir()}' (FORMAT parquet, PARTITION_BY (i))`, 'DUCKDB.folderNotEmpty'],
    ["ATTACH '/none/x.duckdb' (READ_ONLY)", 'DUCKDB.noSuchDatabase'],
    ['SELECT CAST(NULL AS main.mood)', 'DUCKDB.unknownType'],
    ['SET lock_configuration = true; SET threads = 1', 'DUCKDB.configurationLocked'],
  ])('%s', async (sql, ...lines) => {
    const [connection] = await opened(':memory:', MANUAL);
    const message = await said(() => connection.run(sql));
    for (const line of lines) says(line, message);
  });

  test('an extension that it would install automatically', async () => {
    const [connection] = await opened();
    const message = await said(() => connection.run("FROM read_xlsx('x.xlsx')"));
    says('DUCKDB.autoloadingError', message);
    says('DUCKDB_EXTENSION.installingFailed', message);
  });

  test('statements other than SELECT, which only its parser reads', async () => {
    const [connection] = await opened();
    const [[serialized]] = (await connection.runAndReadAll("SELECT json_serialize_sql('CALL f()')")).getRowsJS() as [[string]];
    says('DUCKDB.onlySelect', (JSON.parse(serialized) as { error_message: string }).error_message);
  });

  test('a script that cannot be split, and one statement that becomes several', async () => {
    const [connection] = await opened();
    says('DUCKDB.splitFailed', await said(() => connection.extractStatements('SELEC 1')));
    says('DUCKDB.severalStatements', await said(() => connection.prepare('PIVOT (SELECT 1 AS a, 2 AS b) ON a USING sum(b)')));
  });

  test('a file that may not be opened', async () => {
    const [connection] = await opened();
    // In a directory in which nobody can create a file, not even root.
    const directory = process.platform === 'linux' ? '/sys' : '/';
    says('DUCKDB.permissionDenied', await said(() => connection.run(`COPY (SELECT 1) TO '${directory}/x.csv'`)));
  });

  test('a file that is not a database', async () => {
    const file = join(scratch, 'text.duckdb');
    writeFileSync(file, 'x'.repeat(20_000));
    says('DUCKDB.invalidDatabase', await said(() => DuckDBInstance.create(file)));
  });

  test('conflicts of transactions', async () => {
    const [one, other] = await opened();
    await one.run('CREATE TABLE t AS SELECT 1 AS i');
    await one.run('BEGIN; UPDATE t SET i = 2');
    says('DUCKDB.writeConflict', await said(() => other.run('UPDATE t SET i = 3')));
    await one.run('ROLLBACK; BEGIN; FROM t');
    await other.run('ALTER TABLE t ADD COLUMN j INT');
    says('DUCKDB.transactionConflict', await said(() => one.run('INSERT INTO t VALUES (1)')));
  });

  test('errors that leave it broken', async () => {
    const [memory] = await opened();
    const prepared = await memory.prepare('SELECT typeof($x), $x::VARCHAR');
    prepared.bindVarchar(1, 'a');
    const internal = await said(() => prepared.run());
    says('DUCKDB.internalError', internal);
    says('DUCKDB.stackTrace', internal);
    const [file] = await opened(join(scratch, 'fatal.duckdb'));
    await file.run("CREATE TABLE t AS SELECT 1 AS i; CHECKPOINT; INSERT INTO t VALUES (2); PRAGMA debug_checkpoint_abort = 'before_header'");
    says('DUCKDB.fatalError', await said(() => file.run('CHECKPOINT')));
    says('DUCKDB.invalidated', await said(() => file.run('SELECT 1')));
  });
});

describeWith('s3', 'S3', () => {
  let s3: S3Server;
  beforeAll(async () => { s3 = await startS3(); });
  afterAll(() => s3?.stop());

  test.each<[what: string, sql: string, keyId: string | undefined, line: Line]>([
    ['a missing bucket', "FROM read_csv('s3://none/*.csv')", undefined, 'S3.noSuchBucket'],
    ['unknown credentials', "FROM read_csv('s3://lake/*.csv')", 'nobodys', 'S3.invalidAccessKeyId'],
  ])('%s', async (_, sql, keyId, line) => {
    mkdirSync(join(s3.dir, 'lake'), { recursive: true });
    const [connection] = await opened(':memory:');
    await connection.run(`LOAD '${extensionFile(await signedExtensions('httpfs'), 'httpfs')}'`);
    await connection.run(`CREATE SECRET (TYPE s3, KEY_ID '${keyId ?? s3.accessKeyId}', SECRET '${s3.secretAccessKey}', REGION '${s3.region}',
      ENDPOINT '${new URL(s3.endpoint).host}', URL_STYLE 'path', USE_SSL false)`);
    says(line, await said(() => connection.run(sql)));
  });
});

const DUCKDB_LIBRARY = () => {
  const bindings = createRequire(require.resolve('@duckdb/node-api')).resolve('@duckdb/node-bindings/package.json');
  const platform = join(dirname(dirname(bindings)), `node-bindings-${process.platform}-${process.arch}`);
  return join(platform, readdirSync(platform).find((file) => /^(?:lib)?duckdb\.(?:so|dylib|dll)$/.test(file))!);
};
const extension = (name: string) => async () => extensionFile(await signedExtensions(name), name);
const HTTPFS_BINARY = extension('httpfs');
const POSTGRES_BINARY = extension('postgres_scanner');
const POSTGRESQL_BINARY = async () => join((await installPostgres()).bin, 'postgres');

/** Texts for faults that nobody can time: the component's binary contains the text, from which the example is made. */
const IN_BINARIES: ReadonlyArray<[line: Line, component: () => string | Promise<string>, text: string, example?: string]> = [
  ['DUCKDB.alteredMeanwhile', DUCKDB_LIBRARY, 'but another transaction has %s this table', 'TransactionContext Error: Attempting to modify table t but another transaction has altered this table'],
  ['DUCKDB.outsideFile', DUCKDB_LIBRARY, 'Prefetch registered for bytes outside file'],
  ['DUCKDB.databaseVersion', DUCKDB_LIBRARY, 'Trying to read a database file with version number %lld'],
  ['CURL.sendError', HTTPFS_BINARY, 'Failed sending data to the peer'],
  ['CURL.rewindFailed', HTTPFS_BINARY, 'Send failed since rewinding of the data stream failed'],
  ['CURL.notReady', HTTPFS_BINARY, 'Socket not ready for send/recv'],
  ['CURL.http2Error', HTTPFS_BINARY, 'Error in the HTTP2 framing layer'],
  ['CURL.http2StreamError', HTTPFS_BINARY, 'Stream error in the HTTP/2 framing layer'],
  ['CURL.quicError', HTTPFS_BINARY, 'QUIC connection error'],
  ['HTTPLIB.writeError', HTTPFS_BINARY, 'Failed to write connection'],
  ['HTTPLIB.timeout', HTTPFS_BINARY, 'Connection timed out'],
  ['HTTPLIB.proxyError', HTTPFS_BINARY, 'Proxy connection failed'],
  ['POSTGRES_EXTENSION.outOfBuffer', POSTGRES_BINARY, 'Postgres binary reader - out of buffer'],
  ['LIBPQ.closed', POSTGRES_BINARY, 'server closed the connection unexpectedly'],
  ['LIBPQ.tlsClosed', POSTGRES_BINARY, 'SSL connection has been closed unexpectedly'],
  ['LIBPQ.tlsSystemError', POSTGRES_BINARY, 'SSL SYSCALL error: EOF detected'],
  // OpenSSL's reason is part of libpq's message.
  ['LIBPQ.tlsUnexpectedEof', POSTGRES_BINARY, 'unexpected eof while reading', 'SSL error: unexpected eof while reading'],
  ['LIBPQ.cannotReceive', POSTGRES_BINARY, 'could not receive data from server: %s'],
  ['LIBPQ.cannotSend', POSTGRES_BINARY, 'could not send data to server: %s'],
  ['LIBPQ.noConnection', POSTGRES_BINARY, 'no connection to the server'],
  ['LIBPQ.notOpen', POSTGRES_BINARY, 'connection not open'],
  ['POSTGRESQL.recoveryConflict', POSTGRESQL_BINARY, 'canceling statement due to conflict with recovery'],
  ['POSTGRESQL.pamRefused', POSTGRESQL_BINARY, 'PAM authentication failed for user "%s"', 'FATAL:  PAM authentication failed for user "reader"'],
];

describeWith('postgres', 'the binary holds', () => {
  test.each(IN_BINARIES)('%s', async (line, component, text, example = text) => {
    expect(readFileSync(await component()).includes(text)).toBe(true);
    says(line, example);
  }, 120_000);
});

const S3_CODES = 'https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html';

/** Texts that no component here produces: the reason, or the document that lists the text. */
const NOT_SAID_HERE: Readonly<Partial<Record<Line, string>>> = {
  'DUCKDB.syntaxError': 'a class that DuckDB has (src/common/exception.cpp), and no statement is known to raise',
  'MOTHERDUCK.unknownDatabase': 'its servers are not reachable from the tests',
  'S3.noSuchKey': S3_CODES,
  'S3.tokenRefreshRequired': S3_CODES,
  'S3.requestExpired': 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonErrors.html',
  'S3.partNumber': 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html',
  'S3.slowDown': S3_CODES,
  'S3.internalError': S3_CODES,
  'S3.serviceUnavailable': S3_CODES,
  'S3.requestTimeout': S3_CODES,
  'S3.operationAborted': S3_CODES,
  'S3.accessDenied': S3_CODES,
  'S3.expiredToken': S3_CODES,
  'AWS.throttling': 'https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html',
  'AWS.tooManyRequests': 'https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html',
  'AWS.requestLimitExceeded': 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html',
  'AWS.slowDown': S3_CODES,
  'AWS.notAuthorized': 'https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html',
};

test('each line has a test in which its component produces it, or is listed with a reason', () => {
  const tests = join(repositoryRoot, 'test/lib-runtime');
  const files = readdirSync(tests, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts'));
  const texts = files.map((file) => readFileSync(join(tests, file), 'utf8')).filter((text) => text.includes("/says'"));
  const withoutList = texts.map((text) => text.replace(/^const NOT_SAID_HERE[^]*?^\};$/m, ''));
  const named = new Set(withoutList.flatMap((text) => text.match(/(?<=')[A-Z_0-9]+\.\w+(?=')/g) ?? []));
  expect([...LINES.keys()].filter((line) => !named.has(line)).sort()).toEqual(Object.keys(NOT_SAID_HERE).sort());
});
