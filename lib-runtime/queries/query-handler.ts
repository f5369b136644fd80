import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { answerQuery, type QueryHost } from './answer-query';
import { INLINE_BYTES } from './query-event';
import { resultLocation } from './result-location';
import type { InvocationContext, QueryAnswer, QueryEvent, QueryHandlerOptions } from './types';
import { readConfigAtImport } from '../base/config';
import { ConfigError } from '../base/errors';
import { MARGIN, Options, TEXT } from '../base/options';

// A separate chunk, which is loaded when a handler is made: in Lambda's init phase, while the instance opens.

const HANDLER_OPTIONS = new Options<QueryHandlerOptions>('queryHandler()', { queries: TEXT, results: TEXT, maxInlineBytes: INLINE_BYTES, marginMs: MARGIN });
const DEFAULT_FOLDER = 'queries';
const DEFAULT_INLINE_BYTES = 200 * 1024;

/** Answers events. */
export type AnswerEvent = (event: QueryEvent, context?: InvocationContext) => Promise<QueryAnswer>;

/** What answers events, and the margin of `withDuckDB`. Throws `CONFIG` for invalid options, and for a folder that does not exist. */
export function eventAnswerer(options: QueryHandlerOptions | undefined, open: QueryHost['open']): { answer: AnswerEvent; marginMs: number | undefined } {
  const { queries = DEFAULT_FOLDER, results, maxInlineBytes = DEFAULT_INLINE_BYTES, marginMs } = HANDLER_OPTIONS.read(options);
  // The first call reports an invalid configuration.
  const config = readConfigAtImport(process.env);
  const url = results ?? config.results?.location;
  const host: QueryHost = {
    folder: existing(queries),
    open,
    results: url === undefined ? undefined : resultLocation(url, 'results', config),
    maxInlineBytes,
  };
  return { answer: (event, context) => answerQuery(host, event, context), marginMs };
}

function existing(folder: string): string {
  const directory = resolve(process.env.LAMBDA_TASK_ROOT ?? '', folder);
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return directory;
  throw new ConfigError(`the folder of the queries "${folder}" does not exist: there is no ${directory}; a relative path begins at ${resolve(process.env.LAMBDA_TASK_ROOT ?? '')}`);
}
