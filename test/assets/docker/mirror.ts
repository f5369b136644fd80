import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { TESTED } from './official-extensions';
import type { Certificates } from '../../bed/servers/certificates';

type Answer = Buffer | string | ((request: IncomingMessage, response: ServerResponse) => void);

export interface Mirror {
  readonly url: string;
  readonly host: string;
  /** What was asked for, in order: `GET /path`. */
  readonly asked: string[];
  /** The headers of those requests. */
  readonly headers: IncomingMessage['headers'][];
}

const servers: Server[] = [];

const sockets: Socket[] = [];

afterAll(async () => {
  // By hand, as a tunnel through a proxy is no longer a connection of its HTTP server.
  const closed = servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve)));
  sockets.splice(0).forEach((socket) => socket.destroy());
  await Promise.all(closed);
});

/** A web server of answers by path, stopped after the test file; what it was not given is a 404. */
export async function startMirror(answers: Record<string, Answer>, certificates?: Certificates): Promise<Mirror> {
  const asked: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const listener: RequestListener = (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    headers.push(request.headers);
    const answer = answers[request.url!];
    if (typeof answer === 'function') {
      answer(request, response);
    } else {
      response.writeHead(answer === undefined ? 404 : 200).end(answer);
    }
  };
  const server = certificates
    ? createSecureServer({ cert: readFileSync(certificates.certFile), key: readFileSync(certificates.keyFile) }, listener)
    : createServer(listener);
  const port = await listening(server);
  return { url: `${certificates ? 'https' : 'http'}://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, asked, headers };
}

/** Starts any server for the length of the test file, on a port of its own. */
export async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket) => sockets.push(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** The path of an extension in DuckDB's own layout. */
export function pathOf(name: string, { version, platform } = TESTED): string {
  return `/v${version}/${platform}/${name}.duckdb_extension.gz`;
}

/** Answers of DuckDB's own layout. */
export function served(extensions: Record<string, Buffer>): Record<string, Buffer> {
  return Object.fromEntries(Object.entries(extensions).map(([name, bytes]) => [pathOf(name), gzipSync(bytes, { level: 1 })]));
}
