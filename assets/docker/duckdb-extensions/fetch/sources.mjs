import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { extensionFile, readManifest } from '../store/manifest.mjs';
import { platformFacts } from '../store/platforms.mjs';
import { withoutSecrets } from '../store/redaction.mjs';
import { FILE_BYTES, TooLargeError, unpacked } from '../store/size-limits.mjs';
import { testedInstead } from '../store/tested-versions.mjs';
import { readFromZip } from './zip.mjs';

export const CORE_URL = 'https://extensions.duckdb.org';
export const COMMUNITY_URL = 'https://community-extensions.duckdb.org';
export const PYPI_URL = 'https://pypi.org/simple';

const GZIP = 0x1f8b;

/**
 * Makes a source from its text on the command line: `core`, `community`, `pypi`, `pypi+URL`, a URL or a directory.
 *
 * Each has `onlyOfficial`, whether it has only DuckDB's own extensions, and `fetch(name, { version, platform })`, which returns
 * `{ bytes, source }`: the file, not gzipped, and its origin without credentials.
 */
export function parseSource(text, http) {
  if (text === 'core') return { ...mirror(CORE_URL, http), onlyOfficial: true };
  if (text === 'community') return mirror(COMMUNITY_URL, http);
  if (text === 'pypi') return pythonIndex(PYPI_URL, http);
  const [, index, url] = /^(pypi\+)?(https?:\/\/.+)$/.exec(text) ?? [];
  if (url) {
    const base = http.credentials.adopt(url).replace(/\/+$/, '');
    return index ? pythonIndex(base, http) : mirror(base, http);
  }
  return directory(text);
}

/** DuckDB's own layout behind a URL. */
function mirror(base, http) {
  return {
    onlyOfficial: false,
    async fetch(name, { version, platform }) {
      const source = `${base}/v${version}/${platform}/${name}.duckdb_extension.gz`;
      const bytes = await blaming(source, async () =>
        unzipped(await download(http, source, `check the name, and that the mirror has this version and platform${testedInstead(version)}`)));
      return { source: withoutSecrets(source), bytes };
    },
  };
}

/** DuckDB's own layout on disk, gzipped or not. */
function directory(text) {
  const root = resolve(text);
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(`"${text}" is not a source: expected core, pypi, pypi+https://HOST/simple, the URL of a mirror, or a directory that exists`);
  }
  return {
    onlyOfficial: false,
    motherduckExtVersion: readManifest(root)?.motherduckExtVersion,
    async fetch(name, release) {
      const file = extensionFile(root, release, name);
      const source = [file, `${file}.gz`].find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile());
      if (!source) throw new Error(`${file} does not exist, with or without .gz; fill the directory with duckdb-extensions install`);
      return { source, bytes: await blaming(source, () => unzipped(readFileSync(source))) };
    },
  };
}

/**
 * A Python package index with the wheels `duckdb-extension-<name>`, which DuckDB publishes.
 *
 * @see https://packaging.python.org/en/latest/specifications/simple-repository-api/
 */
function pythonIndex(base, http) {
  return {
    onlyOfficial: true,
    async fetch(name, { version, platform }) {
      const page = `${base}/duckdb-extension-${name.replaceAll('_', '-')}/`;
      const source = await blaming(page, async () => findWheel(await listWheels(http, page), { name, version, platform }));
      const bytes = await blaming(source, async () => extensionIn(await download(http, source, 'the index lists a wheel that does not exist')));
      return { source: withoutSecrets(source), bytes };
    },
  };
}

async function listWheels(http, page) {
  const accept = 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1';
  return links(await answer(http, page, 'the index has no wheel of this extension', { headers: { accept } }));
}

function extensionIn(wheel) {
  const bytes = readFromZip(wheel, /\/extensions\/v[^/]+\/[^/]+\.duckdb_extension$/);
  if (!bytes) throw new Error('is a wheel that does not contain an extension');
  return bytes;
}

/** The files that an index's page lists, in either of its two forms. */
function links({ url, headers, body }) {
  const text = body.toString('utf8');
  if (/json/.test(headers['content-type'] ?? '')) {
    return JSON.parse(text).files.map((file) => ({ filename: file.filename, url: new URL(file.url, url).href }));
  }
  return [...text.matchAll(/<a\s[^>]*href\s*=\s*["']([^"']+)["'][^>]*>([^<]*)/gi)].map(([, href, filename]) => ({
    filename: filename.trim(), url: new URL(href.replaceAll('&amp;', '&'), url).href,
  }));
}

function findWheel(files, { name, version, platform }) {
  const wheels = files.filter(({ filename }) => filename.toLowerCase().startsWith(`duckdb_extension_${name}-`) && filename.endsWith('.whl'));
  const ofVersion = wheels.filter(({ filename }) => filename.split('-')[1] === version);
  const found = ofVersion.find(({ filename }) => platformFacts(platform).wheelTag.test(filename));
  if (found) return found.url;
  if (ofVersion.length > 0) throw new Error(`has no wheel of ${version} for ${platform}${testedInstead(version)}`);
  const versions = [...new Set(wheels.map(({ filename }) => filename.split('-')[1]))];
  throw new Error(`has no wheel of ${version}, only of ${versions.slice(-5).join(', ') || 'no version at all'}${testedInstead(version)}`);
}

async function download(http, url, whenMissing) {
  return (await answer(http, url, whenMissing, { maxBytes: FILE_BYTES })).body;
}

async function answer(http, url, whenMissing, options) {
  try {
    return await http.request(url, options);
  } catch (error) {
    if (error.status === 404) throw new Error(`${error.message}; ${whenMissing}`, { cause: error });
    if (error.status === 401 || error.status === 403) {
      throw new Error(`${error.message}; it may need credentials: pass them with --credentials FILE`, { cause: error });
    }
    throw error;
  }
}

/** Looks at the bytes, not at the name: some mirrors and proxies deliver a .gz file unpacked. */
function unzipped(bytes) {
  if (bytes.length < 2 || bytes.readUInt16BE(0) !== GZIP) return bytes;
  try {
    return unpacked(gunzipSync, bytes);
  } catch (error) {
    if (error instanceof TooLargeError) throw error;
    throw new Error(`contains gzip data that is truncated or damaged (${error.message})`, { cause: error });
  }
}

/** Adds the source to an error. */
async function blaming(source, get) {
  try {
    return await get();
  } catch (error) {
    throw new Error(`${/^https?:/.test(source) ? withoutSecrets(source) : source} ${error.message}`, { cause: error });
  }
}
