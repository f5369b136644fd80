import { readFileSync } from 'node:fs';
import { keepSecret } from '../store/redaction.mjs';

/** Credentials by host. They are never printed. */
export class Credentials {
  /** @type {Map<string, string>} host or host:port → the Authorization header */
  #headers = new Map();

  /**
   * Adds the credentials of a netrc file: `machine HOST login USER password SECRET`. Without a login, the secret is a bearer token.
   *
   * `default` entries are not supported: a secret goes only to the host that it was made for.
   */
  addFile(file) {
    const words = readFileSync(file, 'utf8').replace(/^\s*#.*$/gm, '').split(/\s+/).filter(Boolean);
    for (let at = words.indexOf('machine'); at !== -1; at = words.indexOf('machine', at + 2)) {
      const entry = { machine: words[at + 1] };
      for (let i = at + 2; words[i] === 'login' || words[i] === 'password'; i += 2) entry[words[i]] = words[i + 1];
      if (!entry.machine || !entry.password) {
        throw new Error(`the credentials file ${file} has an entry without machine or password: expected "machine HOST login USER password SECRET"`);
      }
      this.#add(entry.machine, entry.login, entry.password);
    }
    if (this.#headers.size === 0) {
      throw new Error(`the credentials file ${file} has no entry: expected "machine HOST login USER password SECRET"`);
    }
  }

  /** Adds the credentials of a URL, and returns the URL without them. */
  adopt(url) {
    const bare = new URL(url);
    if (bare.username || bare.password) {
      this.#add(bare.host, decodeURIComponent(bare.username), decodeURIComponent(bare.password));
    }
    bare.username = bare.password = '';
    return bare.href;
  }

  /** The Authorization header for a URL, if any. */
  headerFor({ host, hostname }) {
    return this.#headers.get(host) ?? this.#headers.get(hostname);
  }

  #add(machine, login, password) {
    keepSecret(password);
    this.#headers.set(machine.toLowerCase(), login === undefined ? `Bearer ${password}` : basic(login, password));
  }
}

export function basic(user, password) {
  const token = Buffer.from(`${user}:${password}`).toString('base64');
  keepSecret(token);
  return `Basic ${token}`;
}
