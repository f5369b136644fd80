// The process of a far S3: its one argument is a FarS3Process as JSON.
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Buckets } from './buckets';
import { unchunked } from './chunked-body';
import { operationOf, operations, type S3Answer, type S3Request } from './operations';
import { S3Error } from './s3-error';
import { expectSigned, type AccessKey } from './signature';
import { TrafficCounter, type Operation } from './traffic';

export interface FarS3Process extends AccessKey {
  readonly port: number;
  /** Answers what is counted, and takes the delay. */
  readonly controlPort: number;
  /** Its directories are the buckets. */
  readonly directory: string;
  readonly staging: string;
  readonly delayMs: number;
  readonly certificate?: { readonly certFile: string; readonly keyFile: string };
}

/** Longer than any test pauses: that a connection is closed shall not depend on how busy the machine is. */
const KEEP_ALIVE_MS = 60_000;

const settings = JSON.parse(process.argv[2]!) as FarS3Process;
const perform = operations(new Buckets(settings.directory, settings.staging));
const counter = new TrafficCounter();
let delayMs = settings.delayMs;

async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { method = '', url = '', headers } = incoming;
  const [path, search] = url.split('?');
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(decodeURIComponent(path!))!;
  const query = new URLSearchParams(search);
  const operation = operationOf(method, key, query);
  const seen = counter.began({ operation, key: `${bucket}/${key || (query.get('prefix') ?? '')}`, range: headers.range });
  try {
    const body = unchunked(await buffer(incoming), headers);
    const received = performance.now();
    const answer = await answerTo(incoming, operation, { bucket, key, query, headers, body });
    await sleep(Math.max(0, delayMs - (performance.now() - received)));
    const bodiless = method === 'HEAD' || answer.status === 304 || answer.status === 204;
    const sent = bodiless ? '' : answer.body ?? '';
    const sentBytes = Buffer.byteLength(sent);
    Object.assign(seen, { status: answer.status, receivedBytes: body.length, sentBytes });
    outgoing.writeHead(answer.status, { ...!bodiless && { 'content-length': `${sentBytes}` }, ...answer.headers });
    outgoing.end(sent);
  } finally {
    // Not later: who has the answer may send the next request before this process knows that the answer has gone.
    counter.ended();
  }
}

async function answerTo(incoming: IncomingMessage, operation: Operation, request: S3Request): Promise<S3Answer> {
  try {
    expectSigned(incoming, settings);
    return await perform[operation](request);
  } catch (error) {
    const { status, xml } = error instanceof S3Error ? error : new S3Error(500, 'InternalError', String(error));
    return { status, headers: { 'content-type': 'application/xml' }, body: xml };
  }
}

async function control({ method, url }: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(url!, 'http://control');
  if (method === 'POST' && pathname === '/reset') counter.reset();
  if (method === 'POST' && pathname === '/delay') delayMs = Number(searchParams.get('ms'));
  outgoing.end(JSON.stringify(counter.traffic));
}

function listen(): void {
  const { certificate } = settings;
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    serve(incoming, outgoing).catch(() => incoming.socket.destroy()); // a client that left
  };
  const server = certificate
    ? createSecureServer({ cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) }, listener)
      .on('secureConnection', (socket) => counter.secured(socket.isSessionReused()))
      .on('tlsClientError', () => undefined)
    : createServer(listener);
  server.on('connection', () => counter.connected());
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.listen(settings.port, '0.0.0.0');
}

createServer((incoming, outgoing) => void control(incoming, outgoing)).listen(settings.controlPort, '0.0.0.0', listen);
