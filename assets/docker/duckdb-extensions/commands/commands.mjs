import { resolve } from 'node:path';
import { Credentials } from '../fetch/credentials.mjs';
import { HttpClient } from '../fetch/http-client.mjs';
import { install } from './install.mjs';
import { list } from './list.mjs';
import { lock } from './lock.mjs';
import * as motherduck from '../fetch/motherduck.mjs';
import { installedVersion } from '../fetch/node-api.mjs';
import { platformFacts, runningPlatform } from '../store/platforms.mjs';
import { redact } from '../store/redaction.mjs';
import { parseSource } from '../fetch/sources.mjs';
import { verify } from './verify.mjs';

/** The options, each with its argument and meaning. Options without an argument are switches. */
export const OPTIONS = {
  'target': ['DIR', 'the directory of the extensions, with manifest.json at its top'],
  'version': ['VERSION', 'DuckDB\'s version, such as 1.5.5 (default: that of the @duckdb/node-api installed here)'],
  'platform': ['PLATFORM', 'DuckDB\'s name of the platform, such as linux_arm64 (default: this machine\'s); for lock, several with commas'],
  'source': ['SOURCE', 'the source: core (default), pypi, pypi+https://HOST/simple, the URL of a mirror, or a directory'],
  'community-source': ['SOURCE', 'where community extensions come from (default: DuckDB\'s own, or the mirror or directory of --source)'],
  'libduckdb': ['FILE', 'the libduckdb whose public keys verify signatures (default: from @duckdb/node-api here, or from npm)'],
  'client': ['DIR', 'a directory with @duckdb/node-api installed: LOADs each extension with it, if it is for this machine\'s platform'],
  'lock': ['FILE', 'the lock file'],
  'base-image': ['REFERENCE', 'the image to pin, such as public.ecr.aws/lambda/nodejs:24'],
  'node-api': ['VERSION', 'the @duckdb/node-api to pin, such as 1.5.5-r.5 (default: the newest with this DuckDB)'],
  'update': [undefined, 'look up pinned versions again, and print what changes'],
  'ca': ['FILE', 'certificates (PEM) to trust besides the usual ones, like NODE_EXTRA_CA_CERTS'],
  'credentials': ['FILE', 'netrc: "machine HOST login USER password SECRET"; without a login the secret is a bearer token'],
  'timeout': ['SECONDS', 'the time limit of one download with its retries (default: 300)'],
  'allow-download': [undefined, 'let LOAD motherduck download its implementation, if it cannot be downloaded now'],
  'motherduck-version-url': ['URL', `where to ask for the current implementation of motherduck (default: ${motherduck.VERSION_URL})`],
  'motherduck-url': ['URL', `where to download it (default: ${motherduck.DOWNLOAD_URL})`],
};

const FETCHING = ['source', 'community-source', 'version', 'platform', 'libduckdb', 'ca', 'credentials', 'timeout',
  'allow-download', 'motherduck-version-url', 'motherduck-url'];

export const COMMANDS = {
  install: {
    summary: 'download, verify and write extensions and their dependencies',
    usage: '--target DIR [NAME...]',
    options: ['target', 'lock', 'client', ...FETCHING],
    required: ['target'],
    run: async (values, names) => install({
      ...fetching(values),
      release: { version: versionOf(values.version ?? installedVersion()), platform: platformOf(values.platform ?? runningPlatform()) },
      names,
      target: resolve(values.target),
      client: values.client && resolve(values.client),
      lockFile: values.lock,
    }),
  },
  verify: {
    summary: 'check a directory against its manifest and DuckDB\'s signatures',
    usage: '--target DIR',
    options: ['target', 'libduckdb'],
    required: ['target'],
    run: async (values) => verify({ target: resolve(values.target), libduckdb: values.libduckdb, log }),
  },
  list: {
    summary: 'print the contents of a directory',
    usage: '--target DIR',
    options: ['target'],
    required: ['target'],
    run: async (values) => list({ target: resolve(values.target) }),
  },
  lock: {
    summary: 'pin extensions, the client\'s packages and the base image in a lock file',
    usage: '--lock FILE [--update] [NAME...]',
    options: ['lock', 'update', 'base-image', 'node-api', ...FETCHING],
    required: ['lock'],
    run: async (values, names) => lock({
      ...fetching(values),
      file: resolve(values.lock),
      names,
      version: values.version && versionOf(values.version),
      platforms: values.platform?.split(',').map(platformOf) ?? [],
      nodeApi: values['node-api'],
      baseImage: values['base-image'],
      update: values.update,
    }),
  },
};

/** The options of all commands that download. */
function fetching(values) {
  const http = httpClient(values);
  const source = values.source ?? 'core';
  const own = /^(?:core|pypi(?:\+.*)?)$/.test(source);
  return {
    sources: { core: parseSource(source, http), community: parseSource(values['community-source'] ?? (own ? 'community' : source), http) },
    libduckdb: values.libduckdb,
    allowDownload: values['allow-download'],
    motherduck: {
      versionUrl: values['motherduck-version-url'] ?? motherduck.VERSION_URL,
      downloadUrl: values['motherduck-url'] ?? motherduck.DOWNLOAD_URL,
    },
    http,
    log,
  };
}

function versionOf(text) {
  if (!/^\d+\.\d+\.\d+$/.test(text)) throw new Error(`"${text}" is not a version of DuckDB: expected one such as 1.5.5`);
  return text;
}

function platformOf(text) {
  platformFacts(text);
  return text;
}

function httpClient(values) {
  const seconds = Number(values.timeout ?? 300);
  if (!(seconds > 0)) throw new Error(`"${values.timeout}" is not a time limit: expected a number of seconds, such as 300`);
  // npm, which downloads the client's packages, reads this.
  if (values.ca) process.env.NODE_EXTRA_CA_CERTS ??= resolve(values.ca);
  const credentials = new Credentials();
  if (values.credentials) credentials.addFile(values.credentials);
  return new HttpClient({ credentials, caFile: values.ca, timeoutMs: seconds * 1000, log });
}

function log(line) {
  process.stderr.write(`${redact(line)}\n`);
}
