import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Availability } from '../availability';
import { unprivileged, type PostgresServer } from './postgres';
import { aptInstall, canInstallPackages } from '../process/apt';
import { startProcess, type BackgroundProcess } from '../process/background-process';
import { freePort } from '../process/free-port';
import { newRunDirectory } from '../process/run-directory';

const PROGRAM = '/usr/sbin/pgbouncer';
const isThere = () => existsSync(PROGRAM);

export function pgBouncerAvailability(): Availability {
  if (canInstallPackages() || isThere()) return { available: true };
  return { available: false, reason: `no ${PROGRAM}: install PgBouncer` };
}

export const installPgBouncer = () => aptInstall(['pgbouncer'], isThere);

/** PgBouncer in transaction mode in front of a server, without TLS. It accepts the user `reader` without a password, and connects as the server's superuser. */
export async function startPgBouncer(postgres: PostgresServer): Promise<BackgroundProcess & { readonly port: number }> {
  await installPgBouncer();
  const directory = newRunDirectory('pgbouncer');
  const port = await freePort();
  const file = join(directory, 'pgbouncer.ini');
  const users = join(directory, 'users.txt');
  writeFileSync(users, '"reader" ""\n');
  writeFileSync(file, `
    [databases]
    ${postgres.database} = host=127.0.0.1 port=${postgres.port} user=${postgres.user} password=${postgres.password}
    [pgbouncer]
    listen_addr = 127.0.0.1
    listen_port = ${port}
    unix_socket_dir =
    auth_type = trust
    auth_file = ${users}
    pool_mode = transaction
    server_tls_sslmode = require
    `.replace(/^ +/gm, ''));
  return { ...await startProcess({ directory, command: [...unprivileged, PROGRAM, file], port, stopSignal: 'INT' }), port };
}
