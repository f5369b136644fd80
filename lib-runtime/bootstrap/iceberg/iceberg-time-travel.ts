import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { QueryError } from '../../base/errors';
import { placeholdersIn } from '../../base/placeholders';
import { isBlank, nameIn, Pieces } from '../../base/sql-pieces';
import { excerpt, quotedString } from '../../base/sql-text';
import { namesOneOf } from '../../diagnosis/missing-catalog';
import { bindParameters, type QueryParameters } from '../../values/parameters';
import type { Asking } from '../step';

// A separate chunk, loaded for statements with AT (TIMESTAMP => ...).

/** Words that a table's name follows. What follows the name of a table is an alias. */
const BEFORE_TABLE = /^(?:FROM|JOIN)$/i;

/** A table in SQL with the time as of which it is read. */
interface TimeTravel {
  readonly table: string;
  /** A SQL expression, and its position. */
  readonly time: string;
  readonly start: number;
}

/** A SQL expression, and the values of its parameters. */
interface Expression {
  readonly sql: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Refuses to read a table of `catalogs` as of a time before its oldest snapshot: DuckDB would find no rows, although the table may have had some then.
 * What cannot be evaluated on a connection from `ask`, such as a variable, is not refused.
 */
export async function refuseTooEarly(catalogs: readonly string[], sql: string, parameters: QueryParameters | undefined, ask: Asking): Promise<void> {
  const travels = timeTravelsIn(sql).filter(({ table }) => namesOneOf(catalogs, table));
  if (travels.length === 0) return;
  let refusal: QueryError | undefined;
  await ask(async (connection) => {
    for (const { table, time, start } of travels) {
      const oldest = await oldestAfter(connection, table, expressionAt(start, time, sql, parameters)).catch(() => undefined);
      if (typeof oldest !== 'string') continue;
      refusal = new QueryError(`${table} has no snapshot of ${time} or before: the oldest that is kept is of ${oldest} UTC. DuckDB would find no rows; ` +
        `FROM iceberg_snapshots(${table}) lists the snapshots\n\nin: ${excerpt(sql)}`);
    }
  });
  if (refusal) throw refusal;
}

/** The time of a table's oldest snapshot if it is after `time`, else null. */
async function oldestAfter(connection: DuckDBConnection, table: string, { sql, values }: Expression): Promise<DuckDBValue> {
  const type = await valueOf(connection, { sql: `SELECT typeof(${sql})`, values });
  // DuckDB reads a time without a time zone as UTC.
  const moment = type === 'TIMESTAMP WITH TIME ZONE' ? `make_timestamp(epoch_us(${sql}))` : `(${sql})::TIMESTAMP`;
  // Apart from the parameters, with which DuckDB would ask the catalog twice.
  const oldest = await valueOf(connection, { sql: `SELECT min(timestamp_ms)::TIMESTAMP::VARCHAR FROM iceberg_snapshots(${table})`, values: {} });
  const isAfter = oldest !== null && await valueOf(connection, { sql: `SELECT ${moment} < TIMESTAMP ${quotedString(String(oldest))}`, values });
  return isAfter === true ? oldest : null;
}

async function valueOf(connection: DuckDBConnection, { sql, values }: Expression): Promise<DuckDBValue> {
  if (Object.keys(values).length === 0) return (await (await connection.run(sql)).getRows())[0]![0]!;
  const prepared = await connection.prepare(sql);
  try {
    bindParameters(prepared, values, sql);
    return (await (await prepared.run()).getRows())[0]![0]!;
  } finally {
    prepared.destroySync();
  }
}

/** The expression at `start` of `sql`, with names for its parameters, of which it may be a part only. */
function expressionAt(start: number, text: string, sql: string, parameters: QueryParameters | undefined): Expression {
  const values: Record<string, unknown> = {};
  let named = '';
  let end = start;
  placeholdersIn(sql).forEach(({ name, at }, index) => {
    if (at < start || at >= start + text.length) return;
    const key = `v${index}`;
    values[key] = Array.isArray(parameters) ? parameters[name === undefined ? index : Number(name) - 1] : valueNamed(name, parameters);
    named += `${sql.slice(end, at)}$${key}`;
    end = at + /^(?:\?|\$[^"\w]*(?:"(?:[^"]|"")*"|[\w$\u0080-\uffff]+))/.exec(sql.slice(at))![0].length;
  });
  return { sql: named + sql.slice(end, start + text.length), values };
}

/** DuckDB ignores case in names. */
function valueNamed(name: string | undefined, parameters: QueryParameters | undefined): unknown {
  return Object.entries(parameters ?? {}).find(([key]) => key.toLowerCase() === name?.toLowerCase())?.[1];
}

function timeTravelsIn(sql: string): readonly TimeTravel[] {
  const pieces = piecesOf(sql);
  return pieces.flatMap(({ text }, at): TimeTravel[] => {
    const opening = [text, ...pieces.slice(at + 1, at + 5).map((piece) => piece.text)].join('').toUpperCase();
    if (opening !== 'AT(TIMESTAMP=>') return [];
    const first = pieces[at + 5];
    const last = pieces[closing(pieces, at + 1) - 1];
    const table = nameBefore(pieces, at);
    return first && last && table ? [{ table, time: sql.slice(first.start, last.end), start: first.start }] : [];
  });
}

interface Piece {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The pieces that are neither white space nor comments. */
function piecesOf(sql: string): readonly Piece[] {
  const all: Piece[] = [];
  for (const pieces = new Pieces(sql, 0); !pieces.atEnd; pieces.next()) {
    const { text, start, end } = pieces;
    if (!isBlank(text)) all.push({ text, start, end });
  }
  return all;
}

/** The index of the parenthesis that closes the one at `from`. */
function closing(pieces: readonly Piece[], from: number): number {
  let depth = 0;
  return pieces.findIndex(({ text }, index) => {
    if (index < from) return false;
    depth += text === '(' ? 1 : text === ')' ? -1 : 0;
    return depth === 0;
  });
}

/** The table's name before the piece `at`, with what qualifies it, and without its alias; empty if there is none. */
function nameBefore(pieces: readonly Piece[], at: number): string {
  const text = (index: number) => pieces[index]?.text ?? '';
  let last = at - 1;
  if (/^AS$/i.test(text(last - 1))) last -= 2;
  else if (nameIn(text(last - 1)) !== undefined && !BEFORE_TABLE.test(text(last - 1))) last -= 1;
  let first = last;
  while (text(first - 1) === '.') first -= 2;
  const name = pieces.slice(Math.max(0, first), last + 1).map((piece) => piece.text);
  return name.every((part, index) => index % 2 === 1 || nameIn(part) !== undefined) ? name.join('') : '';
}
