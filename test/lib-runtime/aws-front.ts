import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { TLSSocket, createSecureContext } from 'node:tls';
import { newRunDirectory } from '../bed/process/run-directory';
import { makeCertificates } from '../bed/servers/certificates';

/** S3 by its own names: what DuckDB asks `*.amazonaws.com` for, with a certificate such as AWS's, goes to a server of the test bed. */
export interface AwsFront {
  /** DuckDB's settings that lead to it. */
  readonly settings: { http_proxy: string; ca_cert_file: string };
  /** Each request, by method and URL. */
  readonly requests: string[];
  stop(): Promise<void>;
}

/** A proxy for TLS connections that ends them itself. The certificate is for one name below the region's, as AWS's is. */
export async function awsFrontOf(endpoint: string, region: string): Promise<AwsFront> {
  const directory = newRunDirectory('aws-front');
  mkdirSync(directory, { recursive: true });
  const { ca, certFile, keyFile } = await makeCertificates(directory, [`s3.${region}.amazonaws.com`, `*.s3.${region}.amazonaws.com`]);
  const caFile = join(directory, 'authority.pem');
  writeFileSync(caFile, ca);
  const secureContext = createSecureContext({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
  const requests: string[] = [];
  const sockets = new Set<Socket>();

  const origin = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    requests.push(`${method} https://${headers.host}${url}`);
    // With the name that was signed.
    const forwarded = request(new URL(url!, endpoint), { method, headers }, (response) => {
      outgoing.writeHead(response.statusCode!, response.headers);
      response.pipe(outgoing);
    });
    forwarded.on('error', () => incoming.socket.destroy());
    incoming.pipe(forwarded);
  });
  const proxy = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      const secure = new TLSSocket(socket, { isServer: true, secureContext });
      secure.on('error', () => undefined);
      origin.emit('connection', secure);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    settings: { http_proxy: `127.0.0.1:${(proxy.address() as AddressInfo).port}`, ca_cert_file: caFile },
    requests,
    stop: () => new Promise((resolve) => {
      proxy.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    }),
  };
}
