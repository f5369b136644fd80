import type { DuckDBMaterializedResult, DuckDBPreparedStatement, DuckDBResult } from '@duckdb/node-api';
import type { ConnectionLease } from './connection';
import { messageOf, ParameterError, QueryError } from '../base/errors';
import { isEmptySql, isSelect, mayBeScript, splitStatements } from '../base/sql-text';
import { DUCKDB } from '../base/wording';
import { loadApi } from '../client/client';
import { bindParameters, isEmpty, type QueryParameters } from '../values/parameters';

/** What running SQL gave. */
export interface Outcome {
  /** Of the last statement. */
  readonly result: DuckDBMaterializedResult;
  /** Over all statements. */
  readonly rowsChanged: number;
}

/** Runs one attempt at a statement, and perhaps another one; `isSelect` tells, once it has failed, whether it can only have read. */
export type Attempt = <T>(attempt: () => Promise<T>, isSelect: () => boolean) => Promise<T>;

/**
 * Runs every statement of `sql`; `parameters` belong to the last.
 *
 * One statement without parameters goes to DuckDB as it is: to prepare it first would bind it twice, and cost an S3 file's HEAD twice.
 */
export async function runSql(turn: ConnectionLease, sql: string, parameters: QueryParameters | undefined, attempt: Attempt): Promise<Outcome> {
  turn.assertOpen();
  const isDirect = (parameters === undefined || isEmpty(parameters)) && !isEmptySql(sql) && !mayBeScript(sql);
  if (isDirect) {
    return attempt(async () => {
      turn.assertOpen();
      return outcome(await turn.raw.run(sql));
    }, () => isSelect(sql));
  }
  const { result, rowsChanged } = await runPrepared(turn, sql, parameters, attempt, (prepared) => prepared.run());
  return { result, rowsChanged: rowsChanged + changedBy(result) };
}

/** Like `runSql`, but the rows of the last statement are still to be fetched. */
export async function streamSql(
  turn: ConnectionLease, sql: string, parameters: QueryParameters | undefined, attempt: Attempt,
): Promise<DuckDBResult> {
  return (await runPrepared(turn, sql, parameters, attempt, (prepared) => prepared.stream())).result;
}

type Run<R> = (prepared: DuckDBPreparedStatement) => Promise<R>;

/** Runs every statement of `sql`, the last one by `runLast`. `rowsChanged` is what those before it changed. */
async function runPrepared<R extends DuckDBResult>(
  turn: ConnectionLease, sql: string, parameters: QueryParameters | undefined, attempt: Attempt, runLast: Run<R>,
): Promise<{ result: R; rowsChanged: number }> {
  turn.assertOpen();
  if (isEmptySql(sql)) throw new QueryError('the SQL is empty: pass at least one statement');
  if (mayBeScript(sql)) return runScript(turn, sql, parameters, attempt, runLast);
  try {
    const result = await attempt(async () => {
      turn.assertOpen();
      return runOne(turn, await turn.raw.prepare(sql), sql, parameters, runLast);
    }, () => isSelect(sql));
    return { result, rowsChanged: 0 };
  } catch (error) {
    // DuckDB itself makes several of some, such as PIVOT or IMPORT DATABASE.
    if (!DUCKDB.severalStatements.test(messageOf(error))) throw error;
    return runScript(turn, sql, parameters, attempt, runLast);
  }
}

async function runScript<R extends DuckDBResult>(
  turn: ConnectionLease, sql: string, parameters: QueryParameters | undefined, attempt: Attempt, runLast: Run<R>,
): Promise<{ result: R; rowsChanged: number }> {
  let statements = await attempt(() => turn.raw.extractStatements(sql), () => true);
  const last = statements.count - 1;
  const run = async <T extends DuckDBResult>(index: number, values: QueryParameters | undefined, runIt: Run<T>): Promise<T> => {
    let onlyReads = true;
    let again = false;
    return attempt(async () => {
      turn.assertOpen();
      // An extracted statement can be prepared once.
      if (again) statements = await turn.raw.extractStatements(sql);
      again = true;
      const prepared = await statements.prepare(index);
      onlyReads = prepared.statementType === loadApi().StatementType.SELECT;
      if (index < last && prepared.parameterCount > 0) {
        prepared.destroySync();
        throw new ParameterError(`statement ${index + 1} of ${statements.count} has a parameter: in a script only the last statement can have any; run it on its own`);
      }
      const text = values === undefined && prepared.statementType === loadApi().StatementType.COPY ? texts()[index] : undefined;
      if (text === undefined) return runOne(turn, prepared, sql, values, runIt);
      prepared.destroySync();
      return await turn.raw.run(text) as DuckDBResult as T;
    }, () => onlyReads);
  };
  // To destroy a COPY that has failed sends its upload once more: by a thread of libuv's, and not by JavaScript's, where it is run by its text.
  const texts = () => {
    const split = splitStatements(sql);
    return split.length === statements.count ? split : [];
  };
  let rowsChanged = 0;
  for (let index = 0; index < last; index++) rowsChanged += changedBy(await run(index, undefined, (prepared) => prepared.run()));
  return { result: await run(last, parameters, runLast), rowsChanged };
}

async function runOne<R>(
  turn: ConnectionLease, prepared: DuckDBPreparedStatement, sql: string, parameters: QueryParameters | undefined, run: Run<R>,
): Promise<R> {
  try {
    turn.assertOpen();
    if (parameters !== undefined) bindParameters(prepared, parameters, sql);
    return await run(prepared);
  } finally {
    prepared.destroySync();
  }
}

function outcome(result: DuckDBMaterializedResult): Outcome {
  return { result, rowsChanged: changedBy(result) };
}

function changedBy(result: DuckDBMaterializedResult): number {
  const { ResultReturnType, StatementType } = loadApi();
  // Asked of other results, DuckDB's C API copies all of their rows first.
  if (result.returnType === ResultReturnType.CHANGED_ROWS) return result.rowsChanged;
  // With RETURNING there is a row for each row that was changed.
  const { INSERT, UPDATE, DELETE, MERGE_INTO } = StatementType;
  return [INSERT, UPDATE, DELETE, MERGE_INTO].includes(result.statementType) ? result.rowCount : 0;
}
