import { createRequire } from 'node:module';
import type { DuckDBMaterializedResult, DuckDBPreparedStatement, DuckDBResult } from '@duckdb/node-api';
import type { ConnectionLease } from './connection';
import type { Statement } from './statement';
import { messageOf, QueryError } from '../base/errors';
import { isEmptySql } from '../base/sql-text';
import { DUCKDB } from '../base/wording';
import { loadApi } from '../client/client';
import { bindParameters, isEmpty, namesIn, type QueryParameters } from '../values/parameters';

// Another name than `require`, so that bundlers leave this call alone.
const requireFromHere = createRequire(__filename);

/** Which values belong to which statement of a script. */
const scriptParameters = () => requireFromHere('../values/script-parameters') as typeof import('../values/script-parameters');

/** The result of running SQL. */
export interface Outcome {
  /** The rows and columns of the last statement. */
  readonly result: DuckDBMaterializedResult;
  /** The number of changed rows, over all statements. */
  readonly rowsChanged: number;
}

/** Runs one attempt at a statement, and perhaps another; `isSelect` says, after it has failed, whether it can only have read. */
export type Attempt = <T>(attempt: () => Promise<T>, isSelect: () => boolean) => Promise<T>;

/**
 * Runs every statement of `statement`. The values of an object go to each statement that names them, those of a list to the last statement.
 *
 * One statement without parameters goes to DuckDB directly. Preparing it first would bind it twice, and repeat the HEAD request of an S3 file.
 */
export async function runStatement(
  lease: ConnectionLease, statement: Statement, parameters: QueryParameters | undefined, attempt: Attempt,
): Promise<Outcome> {
  const isDirect = (parameters === undefined || isEmpty(parameters)) && !statement.isScript && !isEmptySql(statement.sql);
  if (isDirect) {
    return attempt(async () => {
      lease.assertOpen();
      return outcome(await lease.raw.run(statement.sql));
    }, () => statement.isSelect);
  }
  const { result, rowsChanged } = await runPrepared(lease, statement, parameters, attempt, (prepared) => prepared.run());
  return { result, rowsChanged: rowsChanged + changedBy(result) };
}

/** Like `runStatement`, but the rows of the last statement are still to be fetched. */
export async function streamStatement(
  lease: ConnectionLease, statement: Statement, parameters: QueryParameters | undefined, attempt: Attempt,
): Promise<DuckDBResult> {
  return (await runPrepared(lease, statement, parameters, attempt, (prepared) => prepared.stream())).result;
}

type Run<R> = (prepared: DuckDBPreparedStatement) => Promise<R>;

/** Runs every statement of `statement`, the last with `runLast`. `rowsChanged` counts the changes of the statements before it. */
async function runPrepared<R extends DuckDBResult>(
  lease: ConnectionLease, statement: Statement, parameters: QueryParameters | undefined, attempt: Attempt, runLast: Run<R>,
): Promise<{ result: R; rowsChanged: number }> {
  lease.assertOpen();
  if (isEmptySql(statement.sql)) throw new QueryError('the SQL is empty: pass at least one statement');
  if (statement.isScript) return runScript(lease, statement, parameters, attempt, runLast);
  try {
    const result = await attempt(async () => {
      lease.assertOpen();
      return runOne(lease, await lease.raw.prepare(statement.sql), statement.sql, parameters, runLast);
    }, () => statement.isSelect);
    return { result, rowsChanged: 0 };
  } catch (error) {
    if (!DUCKDB.severalStatements.test(messageOf(error))) throw error;
    return runScript(lease, statement, parameters, attempt, runLast);
  }
}

async function runScript<R extends DuckDBResult>(
  lease: ConnectionLease, statement: Statement, parameters: QueryParameters | undefined, attempt: Attempt, runLast: Run<R>,
): Promise<{ result: R; rowsChanged: number }> {
  const { sql } = statement;
  let statements = await attempt(() => lease.raw.extractStatements(sql), () => true);
  const last = statements.count - 1;
  const script = parameters === undefined ? undefined : new (scriptParameters().ScriptParameters)(parameters, sql, statements.count);
  const run = async <T extends DuckDBResult>(index: number, runIt: Run<T>): Promise<T> => {
    let onlyReads = true;
    let again = false;
    return attempt(async () => {
      lease.assertOpen();
      // An extracted statement can be prepared only once.
      if (again) statements = await lease.raw.extractStatements(sql);
      again = true;
      const prepared = await statements.prepare(index);
      onlyReads = prepared.statementType === loadApi().StatementType.SELECT;
      const values = valuesOf(prepared, () => script?.of(namesIn(prepared), index));
      const text = values === undefined && prepared.statementType === loadApi().StatementType.COPY ? texts()[index] : undefined;
      if (text === undefined) return runOne(lease, prepared, (values && texts()[index]) ?? sql, values, runIt);
      prepared.destroySync();
      return await lease.raw.run(text) as DuckDBResult as T;
    }, () => onlyReads);
  };
  // Destroying a failed COPY sends its upload once more. If it was run by its text, that happens in a libuv thread, and not in JavaScript's.
  const texts = () => {
    const { parts } = statement;
    return parts.length === statements.count ? parts : [];
  };
  let rowsChanged = 0;
  for (let index = 0; index < last; index++) rowsChanged += changedBy(await run(index, (prepared) => prepared.run()));
  return { result: await run(last, runLast), rowsChanged };
}

/** The result of `read`. If it throws, `prepared` will not run. */
function valuesOf<V>(prepared: DuckDBPreparedStatement, read: () => V): V {
  try {
    return read();
  } catch (error) {
    prepared.destroySync();
    throw error;
  }
}

async function runOne<R>(
  lease: ConnectionLease, prepared: DuckDBPreparedStatement, sql: string, parameters: QueryParameters | undefined, run: Run<R>,
): Promise<R> {
  try {
    lease.assertOpen();
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
  // For other results, DuckDB's C API would first copy all of their rows.
  if (result.returnType === ResultReturnType.CHANGED_ROWS) return result.rowsChanged;
  // With RETURNING, there is one row for each changed row.
  const { INSERT, UPDATE, DELETE, MERGE_INTO } = StatementType;
  return [INSERT, UPDATE, DELETE, MERGE_INTO].includes(result.statementType) ? result.rowCount : 0;
}
