import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { S3Error } from './s3-error';

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const HEADER = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8}\/[^/]+\/s3\/aws4_request), ?SignedHeaders=([^,]+), ?Signature=([\da-f]{64})$/;

/**
 * Throws unless the request's head is signed by this key
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). The body is taken to have the hash
 * that the head says, and the time is not looked at.
 */
export function expectSigned(request: IncomingMessage, { accessKeyId, secretAccessKey }: AccessKey): void {
  const { authorization, 'x-amz-date': date } = request.headers;
  if (authorization === undefined) throw new S3Error(403, 'AccessDenied', 'Access Denied');
  const [, keyId, scope, signedHeaders, signature] = HEADER.exec(authorization) ?? [];
  if (keyId !== accessKeyId) throw new S3Error(403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.');
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256(canonicalRequest(request, signedHeaders!))].join('\n');
  if (!timingSafeEqual(hmac(signingKey(scope!, secretAccessKey), text), Buffer.from(signature!, 'hex'))) {
    throw new S3Error(403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match the signature you provided.');
  }
}

function canonicalRequest({ method, url, headers }: IncomingMessage, signedHeaders: string): string {
  const [path, query = ''] = url!.split('?');
  const parameters = query.split('&').filter(Boolean).map((each) => (each.includes('=') ? each : `${each}=`)).sort();
  return [
    method, path, parameters.join('&'),
    ...signedHeaders.split(';').map((name) => `${name}:${String(headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '', signedHeaders, headers['x-amz-content-sha256'],
  ].join('\n');
}

let known: { readonly scope: string; readonly key: Buffer } | undefined;

/** The same for a day. */
function signingKey(scope: string, secretAccessKey: string): Buffer {
  if (known?.scope !== scope) {
    known = { scope, key: scope.split('/').reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(`AWS4${secretAccessKey}`)) };
  }
  return known.key;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
