import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { answerQuery, type QueryHost } from './answer-query';
import type { HttpHost } from './http/answer-http';
import type { LambdaStream } from './http/responder';
import { INLINE_BYTES } from './query-event';
import { hasQuery, loadQuery, queryNames } from './query-folder';
import { checkSyntax, isSafe } from './query-statements';
import { resultLocation } from './result-location';
import { withRunningQuery, withTimeout } from './running-query';
import type { InvocationContext, QueryAnswer, QueryEvent, QueryHandlerOptions, QueryHttpAnswer, QueryHttpEvent } from './types';
import { readConfigAtImport } from '../base/config';
import { ConfigError } from '../base/errors';
import { MARGIN, Options, PLAIN, TEXT } from '../base/options';

// A separate chunk, which is loaded when a handler is made: in Lambda's init phase, while the instance opens.

// Another name than `require`, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

/** Answering over HTTP. */
const http = () => requireFromHere('./http/http-handler') as typeof import('./http/http-handler');

const HANDLER_OPTIONS = new Options<QueryHandlerOptions>('queryHandler()', {
  queries: TEXT, results: TEXT, maxInlineBytes: INLINE_BYTES, marginMs: MARGIN, http: PLAIN,
});
const DEFAULT_FOLDER = 'queries';
const DEFAULT_INLINE_BYTES = 200 * 1024;

/** What answers events. */
export interface EventAnswerer {
  /** Returns the answer. */
  readonly answer: (event: QueryEvent | QueryHttpEvent, context?: InvocationContext) => Promise<QueryAnswer | QueryHttpAnswer>;
  /** Writes the answer to Lambda's response stream; undefined if the function does not stream. */
  readonly stream: ((event: QueryEvent | QueryHttpEvent, response: LambdaStream, context?: InvocationContext) => Promise<void>) | undefined;
  /** The margin of `withDuckDB`. */
  readonly marginMs: number | undefined;
}

/** What answers events. Throws `CONFIG` for invalid options, and for a folder that does not exist. */
export function eventAnswerer(options: QueryHandlerOptions | undefined, open: QueryHost['open']): EventAnswerer {
  const { queries = DEFAULT_FOLDER, results, maxInlineBytes = DEFAULT_INLINE_BYTES, marginMs, http: httpOptions } = HANDLER_OPTIONS.read(options);
  // The first call reports an invalid configuration.
  const config = readConfigAtImport(process.env);
  const url = results ?? config.results?.location;
  const folder = existing(queries);
  const host: QueryHost = {
    folder,
    open,
    results: url === undefined ? undefined : resultLocation(url, 'results', config),
    maxInlineBytes,
  };
  const declared = httpOptions ?? config.http;
  // HTTP is loaded now if it is declared, otherwise for the first event that needs it.
  const { cors, streaming } = declared === undefined ? {} : http().readHttpOptions(declared);
  if (declared !== undefined) http().refuseHiddenQuery(folder, (name) => hasQuery(folder, name));
  const httpHost: HttpHost = {
    names: () => queryNames(folder),
    load: (name) => loadQuery(folder, name),
    isSafe: ({ sql }) => isSafe(sql),
    checkSyntax: async ({ sql }) => {
      const cursor = await open({});
      await checkSyntax(cursor, sql).finally(() => cursor.close());
    },
    run: (query, params, answer, onBegin) => withTimeout(query, (signal) => withRunningQuery(open, query, params, signal, answer, onBegin)),
    cors,
  };
  const direct = (event: unknown, context: InvocationContext | undefined) => answerQuery(host, event, context);
  return {
    answer: async (event, context) => (isHttp(event) ? http().httpResult(httpHost, event, context) : direct(event, context)),
    stream: streaming === true && http().awsLambda() !== undefined
      ? (event, response, context) => http().streamResult(httpHost, event, response, context, () => direct(event, context))
      : undefined,
    marginMs,
  };
}

/** Whether the event may be HTTP. Direct events have no request context. */
function isHttp(event: unknown): event is QueryHttpEvent {
  return typeof event === 'object' && event !== null && 'requestContext' in event && http().isHttpEvent(event);
}

function existing(folder: string): string {
  const directory = resolve(process.env.LAMBDA_TASK_ROOT ?? '', folder);
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return directory;
  throw new ConfigError(`the folder of the queries "${folder}" does not exist: there is no ${directory}; a relative path begins at ${resolve(process.env.LAMBDA_TASK_ROOT ?? '')}`);
}
