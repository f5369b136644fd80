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
 * An event `{ query, params?, output?, maxInlineBytes? }` is answered with `{ columns, rows, rowCount }`. If it asks for a file, or the rows are too
 * many for `maxInlineBytes` and a location for results is known, the answer is `{ manifest, files, rowCount, bytes, format }`. A query whose rows
 * turn out to be too many runs a second time, if it only reads; otherwise that is a `RESULT_LIMIT` error. With `{ manifests, manifestCount? }` the
 * query reads the files of results that were written before, as its parameter `files`.
 *
 * The HTTP events of function URLs and API Gateway are answered over HTTP: `GET /monthly-sales?month=2025-02`, as JSON, NDJSON, CSV or Parquet.
 *
 * Invocations are guarded as by `withDuckDB`. An error after which another attempt may succeed is a `DuckDbRetryableError`, every other the typed
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
