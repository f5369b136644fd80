import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/**
 * An answer instead of the server's. `reset` breaks the connection, `close` ends it, `hang` says no more; after `bytes` of the server's answer where
 * given.
 * With `after`, the server gets the request first, and does what it asks for.
 */
export type Fault =
  | { status: number; body?: string; headers?: Record<string, string>; after?: true }
  | { reset: true; bytes?: number; after?: true }
  | { close: true; bytes?: number; after?: true }
  | { hang: true; bytes?: number; after?: true };

export interface Front {
  readonly endpoint: string;
  /** The bodies, or for want of one the URLs, of the requests that came. */
  readonly requests: string[];
  /** What the next requests get instead of an answer, by what they ask for; undefined lets one through, as soon as a promise of it is settled. */
  fault: (what: string, count: number, request: IncomingMessage) => Fault | undefined | Promise<Fault | undefined>;
  /** Changes the texts of the server's answers. @default - they pass as they are */
  rewrite?: (text: string) => string;
  /** How many connections its clients have. */
  connections(): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Stands before a real HTTP server: counts what comes, and fails as that server would not when asked to. Containers reach it if it listens on
 * all addresses.
 */
export async function frontOf(endpoint: string, address: '127.0.0.1' | '0.0.0.0' = '127.0.0.1'): Promise<Front> {
  const requests: string[] = [];
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing));
  const front: Front = {
    endpoint: '',
    requests,
    fault: () => undefined,
    connections: () => new Promise((resolve, reject) => server.getConnections((error, n) => (error ? reject(error) : resolve(n)))),
    stop: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse) {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const what = body.toString() || `${incoming.method} ${incoming.url}`;
    requests.push(what);
    const fault = await front.fault(what, requests.length, incoming);
    if (fault?.after) await forward(incoming, body);
    if (fault !== undefined && 'status' in fault) {
      outgoing.writeHead(fault.status, fault.headers).end(incoming.method === 'HEAD' ? undefined : fault.body);
      return;
    }
    const leave = () => {
      if (fault !== undefined && 'reset' in fault) incoming.socket.resetAndDestroy();
      if (fault !== undefined && 'close' in fault) incoming.socket.destroy();
    };
    if (fault !== undefined && fault.bytes === undefined) {
      leave();
      return;
    }
    const { method, headers, url } = incoming;
    const forwarded = request(new URL(url!, endpoint), { method, headers }, (response) => {
      if (front.rewrite) {
        const { 'content-length': _, 'transfer-encoding': __, ...kept } = response.headers;
        void text(response).then((answered) => outgoing.writeHead(response.statusCode!, kept).end(front.rewrite!(answered)));
        return;
      }
      outgoing.writeHead(response.statusCode!, response.headers);
      if (fault === undefined) {
        response.pipe(outgoing);
        return;
      }
      response.once('data', (data: Buffer) => outgoing.write(data.subarray(0, fault.bytes), leave));
    });
    forwarded.on('error', () => incoming.socket.destroy());
    forwarded.end(body);
  }

  /** Sends a request to the server, which shall have answered it before its client hears of it. */
  async function forward({ method, headers, url }: IncomingMessage, body: Buffer): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      request(new URL(url!, endpoint), { method, headers }, (response) => response.resume().once('end', resolve)).once('error', reject).end(body);
    });
  }

  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return Object.assign(front, { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}
