import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { answerQuery, type InvocationContext, type QueryAnswer, type QueryHost } from './answer-query';
import { INLINE_BYTES, type QueryEvent } from './query-event';
import { resultLocation } from './result-location';
import { readConfigAtImport } from '../base/config';
import { ConfigError } from '../base/errors';
import { MARGIN, Options, TEXT } from '../base/options';

// A separate chunk, which is loaded when a handler is made: in Lambda's init phase, while the instance opens.

/** The options of `queryHandler`. */
export interface QueryHandlerOptions {
  /** The folder of the queries' files. A relative path begins at the function's code, outside Lambda at the working directory. @default 'queries' */
  readonly queries?: string;
  /**
   * Where files are written: `s3://bucket/prefix/`. The function needs an `S3Step` that may read, write and delete there.
   *
   * @default - the location that the stack declares, if it declares one
   */
  readonly results?: string;
  /** The largest answer with rows: the bytes of its JSON in UTF-8, at most 6 MiB. Step Functions takes 256 KiB. @default 204800 */
  readonly maxInlineBytes?: number;
  /** Milliseconds before the invocation's deadline at which a running query is rejected. @default - as in `withDuckDB` */
  readonly marginMs?: number;
}

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
