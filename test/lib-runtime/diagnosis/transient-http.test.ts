import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { isTransientHttp } from '../../../lib-runtime/diagnosis/transient-http';
import { makeCertificates } from '../../bed/servers/certificates';
import { temporaryDirectory } from '../../temporary-directory';
import { freshRuntime, type Runtime } from '../fresh-runtime';
import { rejection } from '../rejection';
import { config } from '../runtime-config';
import { type Line, says } from '../says';
import { signedExtensions } from '../signed-extensions';

/** What the HTTP server does with a request: the answer's status, or a fault. */
type Behaviour = number | 'change' | 'close' | 'reset' | 'hang' | 'close in mid-body' | 'reset in mid-body' | 'hang in mid-body';

const BODY = Buffer.alloc(100_000, 'a,b\n1,2\n');
let behaviour: Behaviour = 200;
/** The header that distinguishes the answers to `change`. */
let version = 0;

/** A server that does what `behaviour` says; it answers a HEAD where the fault is in the body. */
const http = createHttpServer(({ method, headers, socket }, response) => {
  if (typeof behaviour === 'number' && behaviour !== 200) {
    response.writeHead(behaviour, { 'content-type': 'text/plain' }).end();
    return;
  }
  if (behaviour === 'change') response.setHeader('etag', `"${version++}"`);
  const fault = typeof behaviour === 'number' || behaviour === 'change' ? '' : behaviour;
  if (fault === 'close') socket.destroy();
  if (fault === 'reset') socket.resetAndDestroy();
  if (fault !== '' && !fault.includes('in mid-body')) return;
  if (method !== 'GET') {
    response.writeHead(200, { 'content-length': method === 'HEAD' ? BODY.length : 0, 'accept-ranges': 'bytes' }).end();
    return;
  }
  const [, from, to] = /bytes=(\d+)-(\d+)/.exec(headers.range ?? '') ?? [undefined, 0, BODY.length - 1];
  const part = BODY.subarray(Number(from), Number(to) + 1);
  response.writeHead(206, { 'content-length': part.length, 'content-range': `bytes ${from}-${to}/${BODY.length}` });
  if (fault === '') response.end(part);
  else response.write(part.subarray(0, 10), () => leave(fault, socket));
});

function leave(fault: string, socket: Socket): void {
  // What was written has left the process, and not yet reached its reader.
  setImmediate(() => {
    if (fault === 'close in mid-body') socket.end();
    if (fault === 'reset in mid-body') socket.resetAndDestroy();
  });
}

/** Breaks every TLS handshake. */
const handshakes = createServer((socket) => void socket.once('data', () => socket.destroy()).on('error', () => undefined));
let untrusted: Server;
let runtime: Runtime;
let ports: { http: number; refusing: number; handshakes: number; untrusted: number };

beforeAll(async () => {
  const { keyFile, certFile } = await makeCertificates(temporaryDirectory(), ['127.0.0.1']);
  untrusted = createTlsServer({ key: readFileSync(keyFile), cert: readFileSync(certFile) }).on('tlsClientError', () => undefined);
  const refusing = createServer();
  ports = { http: await listen(http), handshakes: await listen(handshakes), untrusted: await listen(untrusted), refusing: await listen(refusing) };
  await stop(refusing);
  runtime = freshRuntime({ DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs', 'tpch'), ...config({ extensions: ['httpfs'] }) });
});
afterAll(() => {
  http.closeAllConnections();
  return Promise.all([http, handshakes, untrusted].map(stop));
});

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

const SECRET = () => `CREATE SECRET (TYPE s3, KEY_ID 'k', SECRET 's', ENDPOINT '127.0.0.1:${ports.http}', URL_STYLE 'path', USE_SSL false)`;

/** What a statement fails with: without DuckDB's own repetitions, which would take their time. */
function failure(sql: string, client: string): Promise<InstanceType<Runtime['DuckDbError']>> {
  return runtime.session(async (s) => {
    await s.execute(`SET httpfs_client_implementation = '${client}'; SET http_retries = 0; SET http_timeout = 1; SET s3_uploader_max_filesize = '1GB'; ${SECRET()}`);
    return rejection(s.query(sql));
  });
}

const url = (file = 'x.csv') => `http://127.0.0.1:${ports.http}/${file}`;
const READS: Readonly<Record<string, () => string>> = {
  'a file': () => `FROM read_csv('${url()}')`,
  'an object': () => "FROM read_csv('s3://bucket/x.csv')",
  'a listing': () => "FROM read_csv('s3://bucket/*.csv')",
};

/** What each of `READS` fails with, side by side on one instance. */
async function failuresToRead(client: string) {
  const database = new runtime.DuckDB();
  try {
    await database.cursor((c) => c.execute(
      `SET GLOBAL httpfs_client_implementation = '${client}'; SET GLOBAL http_retries = 0; SET GLOBAL http_timeout = 1; ${SECRET()}`,
    ));
    const failures = Object.entries(READS).map(async ([what, sql]) => [what, await rejection(database.cursor((c) => c.query(sql())))] as const);
    return Object.fromEntries(await Promise.all(failures));
  } finally {
    await database.destroy();
  }
}
const ofEachRead = (expected: object) => Object.fromEntries(Object.keys(READS).map((what) => [what, expected]));

describe.each(['curl', 'httplib'])('by %s', (client) => {
  describe(Object.keys(READS).join(', '), () => {
    test.each<Behaviour>(['close', 'reset', 'hang', 'close in mid-body', 'reset in mid-body', 'hang in mid-body', 429, 500, 503, 504])(
      '%s: may pass', async (fault) => {
        behaviour = fault;
        expect(await failuresToRead(client)).toMatchObject(ofEachRead({ code: 'QUERY', retryable: true }));
      });

    test.each<Behaviour>([301, 403, 404])('%s: does not pass', async (fault) => {
      behaviour = fault;
      expect(await failuresToRead(client)).toMatchObject(ofEachRead({ code: 'QUERY', retryable: false }));
    });
  });

  test.each<Behaviour>(['close', 503])('a write that meets %s may pass', async (fault) => {
    behaviour = fault;
    expect(await failure("COPY (SELECT 1 AS x) TO 's3://bucket/x.csv'", client)).toMatchObject({ code: 'QUERY', retryable: true });
  });

  test.each<[string, () => string, boolean]>([
    ['a refused port', () => `http://127.0.0.1:${ports.refusing}/x.csv`, true],
    ['a host without an address', () => 'http://nothing.invalid/x.csv', true],
    ['a handshake that breaks', () => `https://127.0.0.1:${ports.handshakes}/x.csv`, true],
    ['a file that is not here', () => '/tmp/503/nothing.csv', false],
  ])('%s: may pass: %p', async (_, place, passes) => {
    expect(await failure(`FROM read_csv('${place()}')`, client)).toMatchObject({ code: 'QUERY', retryable: passes });
  });

  test('figures and words in a name mean nothing', async () => {
    behaviour = 404;
    expect((await failure("FROM read_csv('s3://bucket/503 Timeout was reached/SlowDown HTTP 503.csv')", client)).retryable).toBe(false);
  });
});

const file = () => `FROM read_csv('${url()}')`;
const upload = () => "COPY (SELECT 1 AS x) TO 's3://bucket/x.csv'";
test.each<[client: string, what: string, sql: () => string, fault: Behaviour, ...lines: Line[]]>([
  ['curl', 'a file', file, 'hang', 'DUCKDB.ioError', 'CURL.timeout'],
  ['curl', 'a file', file, 'close', 'CURL.gotNothing'],
  ['curl', 'a file', file, 'reset', 'CURL.receiveError'],
  ['curl', 'a file', file, 'close in mid-body', 'DUCKDB.invalidError', 'CURL.partialFile'],
  ['curl', 'a refused port', () => `FROM read_csv('http://127.0.0.1:${ports.refusing}/x.csv')`, 200, 'CURL.cannotConnect'],
  ['curl', 'a host without an address', () => "FROM read_csv('http://nothing.invalid/x.csv')", 200, 'CURL.cannotResolveHost'],
  ['curl', 'a proxy without an address', () => `SET http_proxy = 'nothing.invalid:1'; ${file()}`, 200, 'CURL.cannotResolveProxy'],
  ['curl', 'a handshake that breaks', () => `FROM read_csv('https://127.0.0.1:${ports.handshakes}/x.csv')`, 200, 'CURL.tlsConnectError'],
  ['curl', 'a file', file, 'change', 'DUCKDB.httpError', 'HTTPFS.entityTagOfFile', 'HTTPFS.entityTagBefore'],
  ['curl', 'a file', file, 503, 'HTTPFS.status'],
  ['curl', 'an object', READS['an object']!, 404, 'HTTPFS.status'],
  ['curl', 'an upload', upload, 403, 'HTTPFS.status', 'HTTPFS.forbidden'],
  ['curl', 'an object with a ?', () => "FROM read_csv('s3://bucket/a?b.csv')", 200, 'HTTPFS.queryParameters'],
  ['httplib', 'a file', file, 'close', 'HTTPLIB.readError'],
  ['httplib', 'a refused port', () => `FROM read_csv('http://127.0.0.1:${ports.refusing}/x.csv')`, 200, 'HTTPLIB.cannotConnect'],
  ['httplib', 'a handshake that breaks', () => `FROM read_csv('https://127.0.0.1:${ports.handshakes}/x.csv')`, 200, 'HTTPLIB.tlsConnectError'],
])('the words of %s for %s', async (client, _what, sql, fault, ...lines) => {
  behaviour = fault;
  const { message } = await failure(sql(), client);
  for (const line of lines) says(line, message);
});

test('a certificate that nobody vouches for does not pass', async () => {
  const error = await failure(`FROM read_csv('https://127.0.0.1:${ports.untrusted}/x.csv')`, 'curl');
  expect(error).toMatchObject({ message: expect.stringContaining('certificate'), retryable: false });
});

test.each([
  ['HTTP Error: HTTP GET error reading \'s3://b/x\' in region \'r\' (HTTP 400 Bad Request)\n\nRequestTimeout: Your socket connection was not read', true],
  ['HTTP Error: ETag on reading file "s3://b/x" was initially "a" and now it returned "b", this likely means the remote file has changed.', true],
  ['IO Error: Couldn\'t resolve host name error for HTTP HEAD to \'http://h/x\'', true],
  ['Invalid Error: Timeout was reached\n\nLINE 1: FROM x', true],
  ['IO Error: No files found\n\nLINE 1: SELECT Timeout was reached', false],
  ['Binder Error: HTTP 503', false],
  ['Constraint Error: Duplicate key "Could not connect to server"', false],
])('%s: %p', (text, passes) => expect(isTransientHttp(text)).toBe(passes));
