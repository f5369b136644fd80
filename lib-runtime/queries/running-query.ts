import { checkDeclaredColumns } from './declared-columns';
import { fileError } from './file-error';
import type { InlineRows } from './inline-rows';
import type { QueryFile } from './query-file';
import { queryParameters } from './query-parameters';
import { type QueryStatements, queryStatements } from './query-statements';
import { readRows } from './read-rows';
import { source } from './result-copy';
import { LightAbortSignal } from '../base/abort';
import { TimeoutError } from '../base/errors';
import type { RowFormat } from '../base/row-format';
import type { Cursor, CursorOptions } from '../cursor/types';
import type { Column } from '../values/column';

/** A query whose parameters are bound, and whose first statements have run. Its last statement gives the answer. */
export class RunningQuery {
  constructor(readonly cursor: Cursor, readonly query: QueryFile, readonly statements: QueryStatements) {}

  /** Reads the rows into `rows`, whose JSON is at most `maxBytes`. Returns whether all of them fit. Throws if they do not have the declared columns. */
  async read(rows: InlineRows, maxBytes: number, form: RowFormat = 'js'): Promise<boolean> {
    const { cursor, query, statements: { last, statement, reads } } = this;
    const fits = reads
      ? await readRows({ cursor, sql: `FROM ${source(statement)}`, parameters: last.parameters, form, maxInlineBytes: maxBytes }, query, rows)
      // A statement that writes has to end, however many rows it returns.
      : rows.addResult(await cursor.queryResult(last.sql, last.parameters, { rows: form }));
    if (fits) await this.checkColumns(rows.columns!);
    return fits;
  }

  async checkColumns(columns: readonly Column[]): Promise<void> {
    await checkDeclaredColumns(this.cursor, this.query, columns);
  }
}

/** Runs `query` up to its last statement, and hands it to `answer`. Calls `onBegin` before its first statement. */
export async function withRunningQuery<T>(
  open: (options: CursorOptions) => Promise<Cursor>, query: QueryFile, params: unknown, signal: LightAbortSignal,
  answer: (running: RunningQuery) => Promise<T>, onBegin?: () => void,
): Promise<T> {
  const { database, parameters: declared, sql } = query;
  const cursor = await open({ ...(database !== undefined && { database }), signal });
  try {
    const parameters = await queryParameters(cursor, declared, params);
    const statements = await queryStatements(cursor, sql, parameters);
    onBegin?.();
    for (const before of statements.before) await cursor.execute(before.sql, before.parameters);
    return await answer(new RunningQuery(cursor, query, statements))
      .catch(async (error: unknown) => { throw await fileError(error, cursor, sql, statements); });
  } finally {
    await cursor.close();
  }
}

/** Does `work` with a signal that aborts after the query's `@timeout`. */
export async function withTimeout<T>({ name, timeoutSeconds }: QueryFile, work: (signal: LightAbortSignal) => Promise<T>): Promise<T> {
  const signal = new LightAbortSignal();
  if (timeoutSeconds === undefined) return work(signal);
  const late = () => signal.abort(new TimeoutError(`the query "${name}" had no answer after ${timeoutSeconds} s, which is its @timeout`));
  const timer = setTimeout(late, timeoutSeconds * 1000);
  try {
    return await work(signal);
  } finally {
    clearTimeout(timer);
  }
}
