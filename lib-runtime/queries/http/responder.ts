import type { HttpRequest } from './http-event';
import { tooLarge } from './too-large';
import { Reader, type ResponseTarget } from '../../output/reader';
import type { QueryHttpAnswer } from '../types';

/** The status and the headers of a response. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Sends the response to a request. */
export interface Responder {
  /** Whether a response may be written part by part. */
  readonly streams: boolean;
  /** Whether bytes that are not text arrive as they are, so that text may be compressed. */
  readonly takesBytes: boolean;
  /** Begins a response that is written part by part. */
  begin(head: ResponseHead): ResponseTarget;
  /** Sends a whole response, to a HEAD without the body. Throws an `HttpProblem` if it is too large, also to a HEAD. */
  send(head: ResponseHead, body: string | Buffer): Promise<void>;
}

/** The part of Lambda's response stream that is needed. */
export interface LambdaStream extends ResponseTarget {
  setContentType(type: string): void;
}

/** What AWS's runtime adds to the global scope. */
export interface AwsLambda {
  readonly streamifyResponse: <T>(handler: T) => T;
  readonly HttpResponseStream: { readonly from: (stream: LambdaStream, metadata: object) => LambdaStream };
}

/** The most that Lambda returns, as JSON with the status and the headers. */
const MAX_RESULT_BYTES = 6 * 1024 * 1024;

/** Keeps the result of a function that does not stream. */
export class BufferedResponder implements Responder {
  readonly streams = false;
  readonly takesBytes: boolean;
  result: QueryHttpAnswer | undefined;

  /** A REST API decodes base64 only for its own `binaryMediaTypes`, of which the event does not tell. */
  constructor(private readonly request: HttpRequest) {
    this.takesBytes = request.service !== 'REST API';
  }

  begin(): never {
    throw new Error('a response that is not streamed has no beginning');
  }

  async send({ status, headers }: ResponseHead, body: string | Buffer): Promise<void> {
    const asBase64 = () => ({ statusCode: status, headers, body: Buffer.from(body as string).toString('base64'), isBase64Encoded: true });
    const asText = () => ({ statusCode: status, headers, body: body as string, isBase64Encoded: false });
    let result = typeof body === 'string' ? asText() : asBase64();
    let bytes = sizeOf(result);
    // Text with many quotes is smaller as base64.
    if (bytes > MAX_RESULT_BYTES && typeof body === 'string' && this.takesBytes) bytes = Math.min(bytes, sizeOf(result = asBase64()));
    if (bytes > MAX_RESULT_BYTES) throw tooLarge(this.request, headers['content-type']!, bytes);
    this.result = this.request.method === 'HEAD' ? { ...result, body: '', isBase64Encoded: false } : result;
  }
}

/** Writes to the response stream of a function that streams. */
export class StreamingResponder implements Responder {
  readonly streams = true;
  readonly takesBytes = true;

  constructor(private readonly request: HttpRequest, private readonly lambda: AwsLambda, private readonly stream: LambdaStream) {}

  begin({ status, headers }: ResponseHead): ResponseTarget {
    const response = this.lambda.HttpResponseStream.from(this.stream, { statusCode: status, headers });
    // The first write sends the status and the headers, also those of a response without a body.
    response.write('');
    return response;
  }

  async send(head: ResponseHead, body: string | Buffer): Promise<void> {
    await writeWhole(this.begin(head), this.request.method === 'HEAD' ? '' : body);
  }
}

/** Writes `body` and ends the response. */
export async function writeWhole(response: ResponseTarget, body: string | Buffer): Promise<void> {
  const reader = new Reader(response);
  try {
    if (body.length > 0) await reader.take(body);
    await reader.finish();
  } finally {
    reader.leave();
  }
}

function sizeOf(result: QueryHttpAnswer): number {
  return Buffer.byteLength(JSON.stringify(result));
}
