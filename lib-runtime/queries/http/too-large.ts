import type { HttpRequest } from './http-event';
import { mediaType, takesGzip } from './negotiation';
import { HttpProblem } from './problem';

/** Why Lambda would not return an answer, and what this client can ask for instead. `bytes` are those that Lambda would have counted, if they are known. */
export function tooLarge({ service, headers }: HttpRequest, type: string, bytes?: number): HttpProblem {
  const size = bytes === undefined ? '' : ` of ${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  const isText = type !== mediaType('parquet');
  const asks = [
    'less',
    // REST APIs get no bytes.
    ...(isText && service !== 'REST API' && !takesGzip(headers['accept-encoding']) ? ['gzip with "Accept-Encoding: gzip"'] : []),
    ...(isText && service !== 'REST API' ? [`Parquet with "Accept: ${mediaType('parquet')}"`] : []),
  ];
  return new HttpProblem(413, `the answer${size} is too large, because Lambda returns at most 6 MiB, in which text is escaped and binary data is base64: `
    + `ask for ${asks.join(', or for ')}, or let the function stream`, {}, 'RESULT_LIMIT');
}
