import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { freshRuntime } from '../fresh-runtime';
import { rejection } from '../rejection';
import { config } from '../runtime-config';
import { extensionFile, signedExtensions } from '../signed-extensions';

// What a statement costs at a server of Parquet: each bind looks at the file, and each new connection is a handshake.

let baked: string;
let scratch: string;
let server: Server;
let requests: number;
let connections: number;
let url: string;

beforeAll(async () => {
  baked = await signedExtensions('httpfs', 'tpch');
  scratch = mkdtempSync(join(tmpdir(), 'statements-'));
  await freshRuntime().cursor((c) => c.execute(`COPY (SELECT range AS i FROM range(1000)) TO '${scratch}/a.parquet'`));
  const file = readFileSync(join(scratch, 'a.parquet'));
  server = createServer((request, response) => {
    requests += 1;
    const [, start, end] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
    const part = start === undefined ? file : file.subarray(Number(start), end ? Number(end) + 1 : undefined);
    response.writeHead(start === undefined ? 200 : 206, {
      'content-length': part.length,
      'accept-ranges': 'bytes',
      'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
      ...start !== undefined && { 'content-range': `bytes ${start}-${Number(start) + part.length - 1}/${file.length}` },
    });
    response.end(request.method === 'HEAD' ? undefined : part);
  });
  server.on('connection', () => connections += 1);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.parquet`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  rmSync(scratch, { recursive: true });
});
beforeEach(() => {
  requests = 0;
  connections = 0;
});

const baseline = async (sql: string) => {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  await connection.run(`LOAD '${extensionFile(baked, 'httpfs')}'`);
  requests = 0;
  await connection.run(sql);
  connection.closeSync();
  instance.closeSync();
  const counted = requests;
  requests = connections = 0;
  return counted;
};

test.each(["SELECT sum(i) AS total FROM 'URL'", "SELECT sum(i) AS total FROM 'URL';", "SELECT sum(i) AS total FROM 'URL'; -- the end"])(
  '%s: one statement is not prepared first: as many requests as by the raw client', async (sql) => {
    const raw = await baseline(`SELECT sum(i) FROM '${url}'`);
    const { cursor } = freshRuntime({ DUCKDB_EXTENSIONS_DIR: baked, ...config({ extensions: ['httpfs'] }) });
    expect(await cursor((c) => c.query(sql.replace('URL', url)))).toEqual([{ total: 499_500 }]);
    expect(requests).toBe(raw);
  });

test('connections are reused from query to query and cursor to cursor', async () => {
  const { cursor } = freshRuntime({ DUCKDB_EXTENSIONS_DIR: baked, ...config({ extensions: ['httpfs'], settings: { threads: 1 } }) });
  for (let i = 0; i < 5; i++) await cursor((c) => c.query(`SELECT sum(i) FROM '${url}'`));
  expect(connections).toBeLessThanOrEqual(2);
  expect(requests).toBeGreaterThan(5);
});

test('a script whose COPY the server refuses does not hold the event loop, in which that server runs', async () => {
  const refusing = createServer((request, response) => {
    request.resume();
    response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>');
  });
  await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
  try {
    const settings = { http_timeout: '600', http_retries: '0' };
    const { cursor } = freshRuntime({ DUCKDB_EXTENSIONS_DIR: baked, ...config({ extensions: ['httpfs'], settings }) });
    const endpoint = `127.0.0.1:${(refusing.address() as AddressInfo).port}`;
    const error = await rejection(cursor((c) => c.execute(`
      CREATE TEMPORARY SECRET refused (TYPE s3, KEY_ID 'key', SECRET 'secret', ENDPOINT '${endpoint}', USE_SSL false, URL_STYLE 'path');
      COPY (SELECT 1 AS one) TO 's3://bucket/one.csv';
      SELECT 1`)));
    expect(error).toMatchObject({ code: 'QUERY', message: expect.stringContaining('403') });
  } finally {
    refusing.closeAllConnections();
    refusing.close();
  }
}, 30_000);
