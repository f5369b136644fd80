import { createHash, createHmac } from 'node:crypto';
import type { AwsCredentials } from './credentials';

/** The service, region, credentials and time of a signature. */
export interface SigningScope {
  readonly service: string;
  readonly region: string;
  readonly credentials: AwsCredentials;
  /** @default - now */
  readonly date?: Date;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** A request to be signed. Its URL has each part of the path and of the query encoded, and the query in order. */
export interface UnsignedRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The headers of a request, signed with AWS Signature Version 4
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 *
 * Implemented here because a client of the AWS SDK would add tens of milliseconds to a cold start.
 */
export function signedHeaders({ method, url, headers, body }: UnsignedRequest, scope: SigningScope): Record<string, string> {
  const time = timeOf(scope);
  const { sessionToken } = scope.credentials;
  const signed: Record<string, string> = {
    ...headers,
    'host': url.host,
    'x-amz-date': time,
    ...(scope.service === 's3' && { 'x-amz-content-sha256': sha256(body) }),
    ...(sessionToken && { 'x-amz-security-token': sessionToken }),
  };
  const names = Object.keys(signed).sort();
  const request = [method, url.pathname, url.search.slice(1), ...names.map((name) => `${name}:${signed[name]}`), '', names.join(';'), sha256(body)].join('\n');
  const credential = `${scope.credentials.accessKeyId}/${scopeText(scope, time)}`;
  return { ...signed, authorization: `${ALGORITHM} Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${sign(request, scope, time)}` };
}

/** `url`, with its query signed for a GET that is valid for `seconds`. */
export function presignedUrl(url: URL, seconds: number, scope: SigningScope): URL {
  const time = timeOf(scope);
  const { accessKeyId, sessionToken } = scope.credentials;
  const query = [
    ...url.searchParams,
    ['X-Amz-Algorithm', ALGORITHM],
    ['X-Amz-Credential', `${accessKeyId}/${scopeText(scope, time)}`],
    ['X-Amz-Date', time],
    ['X-Amz-Expires', String(seconds)],
    ...(sessionToken ? [['X-Amz-Security-Token', sessionToken]] : []),
    ['X-Amz-SignedHeaders', 'host'],
  ].map(([name, value]) => `${encode(name!)}=${encode(value!)}`).sort().join('&');
  const signature = sign(['GET', url.pathname, query, `host:${url.host}`, '', 'host', sha256('')].join('\n'), scope, time);
  return new URL(`${url.origin}${url.pathname}?${query}&X-Amz-Signature=${signature}`);
}

function sign(request: string, scope: SigningScope, time: string): string {
  const text = [ALGORITHM, time, scopeText(scope, time), sha256(request)].join('\n');
  const steps = [time.slice(0, 8), scope.region, scope.service, 'aws4_request'];
  const key = steps.reduce<string | Buffer>((previous, step) => hmac(previous, step), `AWS4${scope.credentials.secretAccessKey}`);
  return hmac(key, text).toString('hex');
}

function scopeText({ region, service }: SigningScope, time: string): string {
  return `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
}

function timeOf({ date = new Date() }: SigningScope): string {
  return date.toISOString().replace(/[-:]|\.\d+/g, '');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** `text` as a part of a URL, encoded as signatures require it. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
