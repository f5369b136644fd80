import { createRequire } from 'node:module';
import { cursor } from './cursor';
import { withDuckDB } from './handler';
import type { InvocationContext, QueryAnswer, QueryEvent, QueryHandlerOptions } from './queries/types';

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
 * Invocations are guarded as by `withDuckDB`. An error after which another attempt may succeed is a `DuckDbRetryableError`, every other the typed
 * error, such as `ParameterError`. Throws `CONFIG` for invalid options, and for a folder that does not exist.
 *
 * @example
 * export const handler = queryHandler({ queries: 'queries' });
 */
export function queryHandler(options?: QueryHandlerOptions): (event: QueryEvent, context?: InvocationContext) => Promise<QueryAnswer> {
  const { answer, marginMs } = queries().eventAnswerer(options, cursor);
  return withDuckDB(answer, { marginMs });
}
