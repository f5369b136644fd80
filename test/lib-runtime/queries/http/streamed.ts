import { type Asked, type Service, SHAPES } from './events';
import { at, type Seen } from './http-bed';
import type { RunningClient, StreamedResponse } from '../../../bed';

/** A streamed response as its client sees it, and what Lambda knows of it. */
export type Streamed = Seen & Pick<StreamedResponse, 'trailers'>;

/**
 * What a function URL makes of a streamed response: the status and the headers come first, before eight zeros. `read` sees each chunk, and is waited for.
 */
export async function streamed(
  client: RunningClient, asked: Asked | string, service: Service = 'functionUrl', read: (chunk: Buffer) => unknown = () => undefined,
): Promise<Streamed> {
  const parts: Buffer[] = [];
  const response = await client.invoke(SHAPES[service](typeof asked === 'string' ? at(asked) : asked), (chunk) => {
    parts.push(chunk);
    return read(chunk);
  });
  expect(response).toMatchObject({ contentType: 'application/vnd.awslambda.http-integration-response' });
  const all = Buffer.concat(parts);
  const end = all.indexOf(Buffer.alloc(8));
  const { statusCode, headers } = JSON.parse(all.subarray(0, end).toString());
  const bytes = all.subarray(end + 8);
  return { status: statusCode, headers, bytes, text: bytes.toString(), trailers: response.trailers };
}
