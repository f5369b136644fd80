import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { corsHeaders } from './cors';
import type { HttpRequest } from './http-event';
import { takesGzip } from './negotiation';
import { HttpProblem } from './problem';
import type { Responder } from './responder';
import { tooLarge } from './too-large';
import { GzipReader } from '../../output/gzip-reader';
import { Reader } from '../../output/reader';
import type { HttpCors } from '../types';

/** Headers by their names in lower case. */
export type Headers = Readonly<Record<string, string>>;

/** Less gains nothing. */
const MIN_GZIP_BYTES = 1024;

const compress = promisify(gzip);

/** The response to a request: with the headers that browsers need, compressed if the client wants it, and without a body for HEAD. */
export class HttpResponse {
  private begun = false;

  constructor(private readonly request: HttpRequest, private readonly responder: Responder, private readonly cors: HttpCors | undefined) {}

  /** Whether its status has been sent, so that it cannot become another response. */
  get hasBegun(): boolean {
    return this.begun;
  }

  /** Whether it may be written part by part. */
  get streams(): boolean {
    return this.responder.streams;
  }

  /** The error for a result with those headers that cannot be sent at once. */
  tooLarge(headers: Headers, bytes?: number): HttpProblem {
    // Only what a statement that writes returns is not streamed.
    if (this.streams) return new HttpProblem(413, 'the query writes, so its answer is not streamed, and it is too large: let it return less', {}, 'RESULT_LIMIT');
    return tooLarge(this.request, headers['content-type']!, bytes);
  }

  /** Sends a response whose body is known. */
  async send(status: number, headers: Headers, body: string | Buffer): Promise<void> {
    await this.responder.send({ status, headers: this.complete(headers) }, body);
  }

  /** Sends a result. If the client has it already, its body is not sent again. */
  async sendResult(headers: Headers, body: string | Buffer): Promise<void> {
    if (this.request.method === 'POST') return this.sendCompressed(headers, body);
    // Weak, because a compressed body is another one.
    const etag = `W/"${createHash('sha256').update(headers['content-type']!).update(body).digest('base64url').slice(0, 27)}"`;
    const isKnown = matches(this.request.headers['if-none-match'], etag);
    return isKnown ? this.send(304, { ...headers, etag }, '') : this.sendCompressed({ ...headers, etag }, body);
  }

  /** Begins a response that `write` writes to a reader, part by part. */
  async stream(headers: Headers, mayCompress: boolean, write: (reader: Reader | GzipReader) => Promise<void>): Promise<void> {
    if (this.request.method === 'HEAD') return this.send(200, headers, '');
    const isGzip = mayCompress && this.takesGzip;
    this.begun = true;
    const reader = new Reader(this.responder.begin({ status: 200, headers: this.complete({ ...headers, ...(isGzip && { 'content-encoding': 'gzip' }) }) }));
    try {
      await write(isGzip ? new GzipReader(reader) : reader);
    } finally {
      reader.leave();
    }
  }

  private async sendCompressed(headers: Headers, body: string | Buffer): Promise<void> {
    const isWorthIt = typeof body === 'string' && body.length >= MIN_GZIP_BYTES && this.responder.takesBytes && this.takesGzip;
    return isWorthIt ? this.send(200, { ...headers, 'content-encoding': 'gzip' }, await compress(body)) : this.send(200, headers, body);
  }

  private get takesGzip(): boolean {
    return takesGzip(this.request.headers['accept-encoding']);
  }

  /** Browsers read no response without these headers, and no error either. */
  private complete(headers: Headers): Headers {
    const cors = corsHeaders(this.cors, this.request.headers.origin);
    const vary = [headers.vary, cors.vary].filter((each) => each !== undefined).join(', ');
    return { ...headers, ...cors, ...(vary !== '' && { vary }) };
  }
}

/** Whether the client's copy is the same one, by a weak comparison. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  const opaque = (tag: string) => tag.trim().replace(/^W\//, '');
  return ifNoneMatch !== undefined && (ifNoneMatch.trim() === '*' || ifNoneMatch.split(',').some((tag) => opaque(tag) === opaque(etag)));
}
