import { createRequire } from 'node:module';
import { cursor } from './cursor';
import { withDuckDB } from './handler';
import type { QueryHandler, QueryHandlerOptions } from './queries/types';

// Another name than `require`, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

/** Everything that answers events. Functions with a handler of their own do not load it. */
const queries = () => requireFromHere('./queries/query-handler') as typeof import('./queries/query-handler');

/**
 * A handler that answers events with the queries of a folder of SQL files.
 *
 * The answer to an event `{ query, params?, output?, maxInlineBytes? }` is `{ columns, rows, rowCount }`. If the event asks for a file, or if the
 * rows exceed `maxInlineBytes` and a location for results is known, the answer is `{ manifest, files, rowCount, bytes, format }`. To write the file
 * of rows that exceed `maxInlineBytes`, a query that only reads runs a second time. Any other query is then a `RESULT_LIMIT` error. With
 * `{ manifests, manifestCount? }`, the query reads the files of earlier results through its parameter `files`.
 *
 * The handler answers the HTTP events of function URLs and API Gateway over HTTP: `GET /monthly-sales?month=2025-02`, as JSON, NDJSON, CSV or
 * Parquet.
 *
 * The handler guards invocations as `withDuckDB` does. It throws a `DuckDbRetryableError` if another attempt may succeed, and otherwise the typed
 * error, such as `ParameterError`. Over HTTP, errors are answers. Throws `CONFIG` for invalid options, and for a folder that does not exist.
 *
 * @example
 * export const handler = queryHandler({ queries: 'queries' });
 */
export function queryHandler(options?: QueryHandlerOptions): QueryHandler {
  const { answer, stream, marginMs } = queries().eventAnswerer(options, cursor);
  if (stream === undefined) return withDuckDB(answer, { marginMs }) as QueryHandler;
  // Lambda calls a handler that is marked with a response stream too.
  const { streamifyResponse } = (globalThis as unknown as { awslambda: { streamifyResponse: <T>(handler: T) => T } }).awslambda;
  return streamifyResponse(withDuckDB(stream, { marginMs })) as unknown as QueryHandler;
}
