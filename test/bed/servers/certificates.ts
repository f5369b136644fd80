import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Availability } from '../availability';
import { aptInstall, canInstallPackages } from '../process/apt';
import { run } from '../process/command';

export interface Certificates {
  /** The authority's certificate, in PEM: what a client verifies the server with. */
  readonly ca: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export function opensslAvailability(): Availability {
  if (canInstallPackages() || opensslIsThere()) return { available: true };
  return { available: false, reason: 'no openssl in PATH to make certificates with: install OpenSSL' };
}

/** A new authority, and its certificate for a server with these names and addresses. */
export async function makeCertificates(directory: string, hosts: readonly string[]): Promise<Certificates> {
  await aptInstall(['openssl'], opensslIsThere);
  const names = hosts.map((host) => (/^[\d.]+$/.test(host) ? `IP:${host}` : `DNS:${host}`));
  writeFileSync(join(directory, 'openssl.cnf'), [
    '[req]', 'distinguished_name = name', 'prompt = no',
    '[name]', 'CN = test bed',
    '[authority]', 'basicConstraints = critical, CA:TRUE', 'keyUsage = critical, keyCertSign',
    '[server]', `subjectAltName = ${names.join(', ')}`, '',
  ].join('\n'));
  const openssl = async (...args: string[]) => run('openssl', args, { cwd: directory, timeoutMs: 30_000 });
  const newKey = ['req', '-config', 'openssl.cnf', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(...newKey, '-keyout', 'ca.key', '-x509', '-extensions', 'authority', '-days', '30', '-out', 'ca.crt');
  await openssl(...newKey, '-keyout', 'server.key', '-subj', '/CN=test bed server', '-out', 'server.csr');
  await openssl('x509', '-req', '-in', 'server.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30',
    '-extfile', 'openssl.cnf', '-extensions', 'server', '-out', 'server.crt');
  return {
    ca: readFileSync(join(directory, 'ca.crt'), 'utf8'),
    certFile: join(directory, 'server.crt'),
    keyFile: join(directory, 'server.key'),
  };
}

function opensslIsThere(): boolean {
  return spawnSync('openssl', ['version'], { timeout: 10_000 }).status === 0;
}
