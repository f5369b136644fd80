import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { makeCertificates } from './certificates';
import type { FarS3Process } from './far-s3/server';
import type { Operation, Traffic } from './far-s3/traffic';
import type { S3Server } from './s3';
import { CONTAINER_HOST } from '../docker/lambda';
import { startProcess } from '../process/background-process';
import { freePort } from '../process/free-port';
import { newRunDirectory } from '../process/run-directory';

export type { Operation, SeenRequest, Traffic } from './far-s3/traffic';

export interface FarS3Options {
  /** Milliseconds between a request and the first byte of its answer; 25 is like S3 from Lambda. @default 0 */
  readonly delayMs?: number;
  /** Speak TLS, by a certificate that `caFile` verifies. @default true */
  readonly tls?: boolean;
}

export interface FarS3Server extends S3Server {
  /** A file with the certificate, in PEM, that verifies the server; undefined without TLS. */
  readonly caFile?: string;
  /** What came since the server was started, or since it was last reset. */
  traffic(): Promise<Traffic>;
  reset(): Promise<void>;
  /** Of the answers from now on. */
  setDelay(milliseconds: number): Promise<void>;
}

/**
 * An S3 server over a directory that answers late and counts what it is asked. It checks signatures.
 *
 * Objects may be put into `dir` and replaced at any time. It runs in a process of its own: what the tested process does delays no answer.
 */
export async function startFarS3({ delayMs = 0, tls = true }: FarS3Options = {}): Promise<FarS3Server> {
  const directory = newRunDirectory('far-s3');
  const [dir, staging] = [join(directory, 'buckets'), join(directory, 'staging')];
  mkdirSync(dir);
  mkdirSync(staging);
  const certificates = tls ? await makeCertificates(directory, ['localhost', '127.0.0.1', CONTAINER_HOST]) : undefined;
  const caFile = certificates && join(directory, 'ca.pem');
  if (certificates) writeFileSync(caFile!, certificates.ca);
  const [port, controlPort] = [await freePort(), await freePort()];
  const accessKey = { accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`, secretAccessKey: randomBytes(20).toString('hex') };
  const settings: FarS3Process = { ...accessKey, port, controlPort, directory: dir, staging, delayMs, certificate: certificates };
  const program = join(directory, 'server.cjs');
  await build({ entryPoints: [join(__dirname, 'far-s3/server.ts')], outfile: program, bundle: true, platform: 'node', logLevel: 'error' });
  const { pid, stop } = await startProcess({ directory, command: [process.execPath, program, JSON.stringify(settings)], port });
  const control = async (method: 'GET' | 'POST', path: string) => (await fetch(`http://127.0.0.1:${controlPort}${path}`, { method })).json() as Promise<Traffic>;
  const server: FarS3Server = {
    pid,
    stop,
    port,
    endpoint: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    region: 'us-east-1',
    ...accessKey,
    dir,
    caFile,
    traffic: () => control('GET', '/traffic'),
    reset: async () => { await control('POST', '/reset'); },
    setDelay: async (milliseconds) => { await control('POST', `/delay?ms=${milliseconds}`); },
  };
  // The look whether it listens was a connection too.
  await server.reset();
  return server;
}

/** How often each operation was asked for. */
export function operationCounts({ requests }: Traffic): Partial<Record<Operation, number>> {
  const counts: Partial<Record<Operation, number>> = {};
  for (const { operation } of requests) counts[operation] = (counts[operation] ?? 0) + 1;
  return counts;
}
