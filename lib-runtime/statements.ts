import type { DuckDBMaterializedResult, DuckDBPreparedStatement } from '@duckdb/node-api';
import { loadApi } from './client';
import type { Turn } from './connection';
import { ParameterError, QueryError } from './errors';
import { bindParameters, isEmpty, type QueryParameters } from './parameters';
import { isEmptySql, isSelect, mayBeScript } from './sql-text';

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
export async function runSql(turn: Turn, sql: string, parameters: QueryParameters | undefined, attempt: Attempt): Promise<Outcome> {
  turn.assertOpen();
  if (isEmptySql(sql)) throw new QueryError('the SQL is empty: pass at least one statement');
  if (mayBeScript(sql)) return runScript(turn, sql, parameters, attempt);
  return attempt(async () => {
    turn.assertOpen();
    if (parameters === undefined || isEmpty(parameters)) return outcome(await turn.raw.run(sql));
    return runPrepared(turn, await turn.raw.prepare(sql), parameters);
  }, () => isSelect(sql));
}

async function runScript(turn: Turn, sql: string, parameters: QueryParameters | undefined, attempt: Attempt): Promise<Outcome> {
  let statements = await attempt(() => turn.raw.extractStatements(sql), () => true);
  const last = statements.count - 1;
  const run = async (index: number) => {
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
      return runPrepared(turn, prepared, index === last ? parameters : undefined);
    }, () => onlyReads);
  };
  let changed = 0;
  for (let index = 0; index < last; index++) changed += (await run(index)).rowsChanged;
  const { result, rowsChanged } = await run(last);
  return { result, rowsChanged: changed + rowsChanged };
}

async function runPrepared(turn: Turn, prepared: DuckDBPreparedStatement, parameters?: QueryParameters): Promise<Outcome> {
  try {
    turn.assertOpen();
    if (parameters !== undefined) bindParameters(prepared, parameters);
    return outcome(await prepared.run());
  } finally {
    prepared.destroySync();
  }
}

function outcome(result: DuckDBMaterializedResult): Outcome {
  // Asked of other results, DuckDB's C API copies all of their rows first.
  const rowsChanged = result.returnType === loadApi().ResultReturnType.CHANGED_ROWS ? result.rowsChanged : 0;
  return { result, rowsChanged };
}
