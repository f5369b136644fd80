import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { filesParameter } from './files-parameter';
import { InlineRows } from './inline-rows';
import { defaultManifestKey } from './manifest';
import { readEvent } from './query-event';
import type { QueryFile } from './query-file';
import { loadQuery } from './query-folder';
import type { QueryStatements } from './query-statements';
import type { ResultLocation } from './result-location';
import { type RunningQuery, withRunningQuery, withTimeout } from './running-query';
import type { FileAnswer, InvocationContext, QueryAnswer, QueryEvent } from './types';
import { DeadlineNear, LightAbortSignal, withAny } from '../base/abort';
import { ConfigError, DuckDbError, DuckDbRetryableError, ParameterError, ResultLimitError } from '../base/errors';
import { currentInvocation } from '../base/invocation';
import { MAX_TIMER_MS } from '../base/options';
import type { Cursor, CursorOptions } from '../cursor/types';
import { recordAnswer } from '../observe/metrics';
import type { Column } from '../values/column';

// Another name than `require`, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

/** Writing results to S3, with requests, signatures and cryptography. */
const results = () => requireFromHere('./results') as typeof import('./results');

/** Reading the manifests of other results. */
const manifestReader = () => requireFromHere('./manifest-files') as typeof import('./manifest-files');

/** What a handler of queries is made of. */
export interface QueryHost {
  /** The folder of the queries' files. */
  readonly folder: string;
  /** Opens a cursor. */
  readonly open: (options: CursorOptions) => Promise<Cursor>;
  /** Where results are written; undefined if nowhere. */
  readonly results: ResultLocation | undefined;
  readonly maxInlineBytes: number;
}

/** DuckDB ends its uploads before what it has written can be removed. */
const CLEAN_UP_MS = 2_000;
/** The form of the ids of requests. */
const REQUEST_ID = /^[\w-]{1,100}$/;

/** The answer to an event. Throws typed errors, and those after which another attempt may succeed as `DuckDbRetryableError`. */
export async function answerQuery(host: QueryHost, event: unknown, context: InvocationContext | undefined): Promise<QueryAnswer> {
  const started = performance.now();
  let query: QueryFile | undefined;
  const record = (error?: unknown) => recordAnswer(query?.name, performance.now() - started, error);
  try {
    const request = readEvent(event, host.results);
    const file = query = loadQuery(host.folder, request.query);
    refuseCallersParameters(file);
    const answer = await withTimeout(file, (signal) => new Answering(host, file, request, context, signal).run());
    record();
    return answer;
  } catch (error) {
    record(error);
    throw error instanceof DuckDbError && error.retryable ? new DuckDbRetryableError(error) : error;
  }
}

/** Whoever may invoke the function could claim to be any caller. */
function refuseCallersParameters({ name, parameters }: QueryFile): void {
  const own = parameters.find(({ from }) => from !== undefined);
  if (own === undefined) return;
  throw new ParameterError(`the parameter $${own.name} of "${name}" is ${own.from} of an HTTP request's caller, which an event cannot give: ask over HTTP, or write a query without @from`);
}

function nowhere(asked: string): ConfigError {
  return new ConfigError(`the event asks for ${asked}, but there is no location for results: set "results" of the DuckDbQueryFunction, or of queryHandler()`);
}

/** One request for the answer of a query. */
class Answering {
  constructor(
    private readonly host: QueryHost, private readonly query: QueryFile, private readonly request: QueryEvent,
    private readonly context: InvocationContext | undefined, private readonly signal: LightAbortSignal,
  ) {}

  async run(): Promise<QueryAnswer> {
    const { host, query: { name }, request: { output, manifests } } = this;
    const location = host.results;
    if (output !== undefined && location === undefined) throw nowhere(`the output of "${name}" as a file`);
    if (manifests !== undefined && location === undefined) throw nowhere(`the manifests in "${manifests}"`);
    const params = manifests === undefined ? this.request.params : await this.paramsWithFiles(location!, manifests);
    return withRunningQuery(host.open, this.query, params, this.signal, (running) => (
      output === undefined ? this.rows(running, location) : this.file(running, location!, output)
    ));
  }

  /** The given parameters, and the files of the manifests with the prefix `manifests`. */
  private async paramsWithFiles(location: ResultLocation, manifests: string): Promise<Readonly<Record<string, unknown>>> {
    const { query, request: { params, manifestCount }, signal } = this;
    const { parameter, hasDefault } = filesParameter(query, params);
    const wanted = { prefix: manifests, count: manifestCount, mayBeNone: hasDefault };
    const files = await withAny([signal, currentInvocation()?.ending], (either) => manifestReader().manifestFiles(location, wanted, either));
    return files.length === 0 ? params ?? {} : { ...params, [parameter]: files };
  }

  /** The rows of the last statement, or a file of them if they are too many. */
  private async rows(running: RunningQuery, location: ResultLocation | undefined): Promise<QueryAnswer> {
    const { statements } = running;
    const rows = new InlineRows(this.maxInlineBytes);
    if (await running.read(rows, this.maxInlineBytes)) return rows.answer();
    if (location === undefined || !statements.reads) throw this.tooLarge(statements, location);
    return this.file(running, location, { format: 'parquet' }, rows.columns);
  }

  /** A file of the rows of the last statement. `columns` are theirs, if it has run before. */
  private async file(
    running: RunningQuery, location: ResultLocation, output: Required<QueryEvent>['output'], columns?: readonly Column[],
  ): Promise<FileAnswer> {
    const { cursor, statements: { last, statement, reads } } = running;
    const { format, key } = output;
    const { query, context } = this;
    const id = context?.awsRequestId ?? '';
    const timeLeftMs = () => context?.getRemainingTimeInMillis?.() ?? Infinity;
    const write = () => results().writeResult(cursor, location, {
      query: query.name,
      statement,
      reads,
      parameters: last.parameters,
      parameterNames: query.parameters.map(({ name }) => name),
      columns,
      format,
      key: key ?? defaultManifestKey(query.name, REQUEST_ID.test(id) ? id : randomUUID()),
      checkColumns: (found) => running.checkColumns(found),
      timeLeftMs,
    });
    return this.leavingTime(timeLeftMs(), write);
  }

  /** Ends `work` while there is time to remove what it has written. */
  private async leavingTime<T>(leftMs: number, work: () => Promise<T>): Promise<T> {
    // Lambda's longest time is less than a timer can wait; the context of a test may have more.
    if (leftMs > MAX_TIMER_MS) return work();
    const marginMs = Math.round(Math.min(CLEAN_UP_MS, leftMs / 4));
    const timer = setTimeout(() => this.signal.abort(new DeadlineNear(marginMs)), leftMs - marginMs);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
    }
  }

  private get maxInlineBytes(): number {
    return this.request.maxInlineBytes ?? this.host.maxInlineBytes;
  }

  private tooLarge({ reads }: QueryStatements, location: ResultLocation | undefined): ResultLimitError {
    const { query: { name }, maxInlineBytes } = this;
    const what = `the answer of "${name}" is larger than maxInlineBytes ${maxInlineBytes}`;
    if (!reads) return new ResultLimitError(`${what}; the statement may have written, so it has run and does not run again: return less from it, or raise maxInlineBytes`);
    const files = location === undefined ? 'declare "results", so that large answers become files in S3; ' : '';
    return new ResultLimitError(`${what}: ${files}select less, or raise maxInlineBytes`);
  }
}
