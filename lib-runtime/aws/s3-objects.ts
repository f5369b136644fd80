import { readFileSync } from 'node:fs';
import { AwsError, awsHost, endpointUrl, signedRequest, type SignedRequest } from './aws-request';
import { regionFor } from './region';
import { encode } from './signature';
import { ConfigError, messageOf } from '../base/errors';
import { shown } from '../base/shown';

/** Where a bucket is, if the process's environment does not say so. */
export interface BucketLocation {
  readonly region?: string;
  readonly endpoint?: string;
  /** A file with the certificates, in PEM, that verify the endpoint's, in place of those that Node.js trusts: DuckDB's setting `ca_cert_file`. */
  readonly caFile?: string;
}

/** An object in a list. */
export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
}

/**
 * The small objects of a bucket, by signed requests. They are tried again as all requests to AWS are, and throw an `AwsError`.
 *
 * Throws `CONFIG` if it cannot read the file with the certificates.
 *
 * The endpoint is the given one, or that of `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, which are used in path style; or AWS's own.
 */
export class S3Objects {
  private readonly region: string;
  /** The URL of the bucket, without a slash at its end. */
  private readonly base: string;
  private readonly certificates: string | undefined;

  constructor(private readonly bucket: string, location: BucketLocation, env: NodeJS.ProcessEnv) {
    this.region = location.region ?? regionFor('', env);
    this.base = bucketUrl(bucket, this.region, location.endpoint ?? env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL);
    this.certificates = location.caFile === undefined ? undefined : certificatesIn(location.caFile);
  }

  /** The `s3://` URL of a key, or of what keys begin with. */
  urlOf(key: string): string {
    return `s3://${this.bucket}/${key}`;
  }

  /** Writes an object. Readers see all of it or what was there before. */
  async put(key: string, body: string, contentType: string): Promise<void> {
    await this.request('PUT', key, {}, body, { 'content-type': contentType });
  }

  /** The text of an object; undefined if there is none. */
  async get(key: string): Promise<string | undefined> {
    try {
      return await this.request('GET', key);
    } catch (error) {
      if (error instanceof AwsError && error.code === 'NoSuchKey') return undefined;
      throw error;
    }
  }

  /** The first objects whose keys begin with `prefix`: up to 1,000, as S3 lists them. */
  async list(prefix: string): Promise<ListedObject[]> {
    return (await this.page({ prefix })).objects;
  }

  /** The objects directly in a folder, which ends with a slash: all of them, one request for each 1,000 objects and folders in it. */
  async listFolder(folder: string): Promise<ListedObject[]> {
    const found: ListedObject[] = [];
    for (let next: string | undefined = ''; next !== undefined;) {
      const page = await this.page({ prefix: folder, delimiter: '/', ...(next !== '' && { 'continuation-token': next }) });
      found.push(...page.objects);
      next = page.next;
    }
    return found;
  }

  /** Deletes an object, if it is there. */
  async delete(key: string): Promise<void> {
    await this.request('DELETE', key);
  }

  /** Up to 1,000 objects, and the token with which the list goes on, if it does. */
  private async page(query: Readonly<Record<string, string>>): Promise<{ objects: ListedObject[]; next: string | undefined }> {
    const answer = await this.request('GET', '', { 'encoding-type': 'url', 'list-type': '2', ...query });
    const isEncoded = /<EncodingType>url</.test(answer);
    const objects = [...answer.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, entry]) => {
      const key = fieldOf(entry!, 'Key');
      return { key: isEncoded ? decodeURIComponent(key.replaceAll('+', ' ')) : key, bytes: Number(fieldOf(entry!, 'Size')) };
    });
    return { objects, next: fieldOf(answer, 'NextContinuationToken') || undefined };
  }

  private request(
    method: SignedRequest['method'], key: string, query: Readonly<Record<string, string>> = {}, body = '', headers: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const path = key.split('/').map(encode).join('/');
    const search = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`).sort().join('&');
    const url = new URL(`${this.base}/${path}${search && `?${search}`}`);
    return signedRequest({ method, url, headers, body, service: 's3', region: this.region, certificates: this.certificates });
  }
}

function certificatesIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`cannot read the setting ca_cert_file ${shown(file)}: ${messageOf(cause)}`, { cause });
  }
}

function bucketUrl(bucket: string, region: string, endpoint: string | undefined): string {
  if (endpoint !== undefined) {
    const { origin, pathname } = endpointUrl(endpoint);
    return `${origin}${pathname.replace(/\/$/, '')}/${bucket}`;
  }
  const host = awsHost('s3', region);
  // The certificate `*.s3.REGION.amazonaws.com` does not cover a bucket with a dot in its name.
  return bucket.includes('.') ? `https://${host}/${bucket}` : `https://${bucket}.${host}`;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function fieldOf(entry: string, name: string): string {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(entry)?.[1] ?? '';
  return text.replace(/&(?:(amp|lt|gt|quot|apos)|#(\d+)|#x([\da-f]+));/gi, (_, entity, decimal, hex) => (
    entity ? ENTITIES[entity.toLowerCase()]! : String.fromCodePoint(decimal ? Number(decimal) : parseInt(hex, 16))
  ));
}
