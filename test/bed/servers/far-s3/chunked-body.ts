import type { IncomingHttpHeaders } from 'node:http';

const CRLF = '\r\n';

/**
 * The object in a body that the AWS SDK for Java sends over plain HTTP: in chunks, each with its size and signature before it
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html). The signatures are not looked at.
 */
export function unchunked(body: Buffer, headers: IncomingHttpHeaders): Buffer {
  if (!String(headers['x-amz-content-sha256']).startsWith('STREAMING-')) return body;
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const data = body.indexOf(CRLF, at) + CRLF.length;
    const size = parseInt(body.toString('latin1', at, data), 16);
    if (!(size > 0)) return Buffer.concat(chunks);
    chunks.push(body.subarray(data, data + size));
    at = data + size + CRLF.length;
  }
}
