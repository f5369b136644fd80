import { createHash } from 'node:crypto';
import { IMAGE } from '../store/lock-format.mjs';

const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');


/** The two parts of `node:24@sha256:…`. A reference without a digest has only the first. */
export function splitDigest(text) {
  const [reference, digest] = text.split(/@(?=sha256:[0-9a-f]{64}$)/);
  if (!IMAGE.test(reference)) {
    throw new Error(`"${text}" is not an image reference: expected one such as public.ecr.aws/lambda/nodejs:24, `
      + 'alone or with @sha256: and the 64 digits of a digest');
  }
  return { reference, digest };
}

/**
 * The current digest of an image's tag, from the registry's API.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export async function imageDigest(reference, http) {
  const { registry, repository, tag } = parseReference(reference);
  const url = `${registry}/v2/${repository}/manifests/${tag}`;
  try {
    const headers = { accept: MANIFEST_TYPES };
    const authorized = { ...headers, ...await authorization(url, headers, http) };
    const digest = (await http.request(url, { method: 'HEAD', headers: authorized })).headers['docker-content-digest'];
    // Not every registry sends the header; the digest is that of the manifest's bytes.
    return digest ?? digestOf((await http.request(url, { headers: authorized })).body);
  } catch (error) {
    throw new Error(`cannot find the digest of the image ${reference}: ${url} ${error.message}`, { cause: error });
  }
}

/** The authorization that the registry asks for. Public registries give anyone a token, but require it. */
async function authorization(url, headers, http) {
  try {
    await http.request(url, { method: 'HEAD', headers });
    return {};
  } catch (error) {
    const challenge = /^Bearer (.*)$/i.exec(error.headers?.['www-authenticate'] ?? '')?.[1];
    if (error.status !== 401 || !challenge) throw error;
    const { realm, ...query } = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
    const { body } = await http.request(`${realm}?${new URLSearchParams(query)}`);
    const { token, access_token: accessToken } = JSON.parse(body.toString('utf8'));
    return { authorization: `Bearer ${token ?? accessToken}` };
  }
}

/** Reads a reference as Docker does: without a host, it is on Docker Hub, whose official images are in `library`; without a tag, it is `latest`. */
function parseReference(reference) {
  const [, path, tag = 'latest'] = /^(.+?)(?::([\w][\w.-]*))?$/.exec(reference);
  const [first, ...rest] = path.split('/');
  if (rest.length > 0 && /[.:]|^localhost$/.test(first)) {
    const local = /^(?:localhost|127\.0\.0\.1)(?::\d+)?$/.test(first);
    return { registry: `${local ? 'http' : 'https'}://${first}`, repository: rest.join('/'), tag };
  }
  return { registry: 'https://registry-1.docker.io', repository: rest.length > 0 ? path : `library/${path}`, tag };
}

function digestOf(bytes) {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
