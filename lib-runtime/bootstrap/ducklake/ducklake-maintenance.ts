import { QueryError } from '../../base/errors';
import { isBlank, Pieces, stringIn } from '../../base/sql-pieces';
import { excerpt } from '../../base/sql-text';
import type { Asking } from '../step';

/** Files and snapshots that are younger may be in use: no invocation takes longer. */
const LEAST_AGE = 'INTERVAL 15 MINUTES';

const MAINTENANCE = /\b(?:ducklake_(?:cleanup_old_files|delete_orphaned_files|expire_snapshots|set_option)|set_option)\b/i;
const DELETING = /^ducklake_(?:cleanup_old_files|delete_orphaned_files|expire_snapshots)$/i;
const SETTING = /^(?:ducklake_)?set_option$/i;
/** The condition of an age alone, which is a CASE. */
const CHECKED_BY_CASE = /^\(\(CASE\b/i;
const AGE_OPTION = /^'(?:delete|expire)_older_than'$/i;

/** A call of a function in SQL, with the texts of its arguments. */
interface FunctionCall {
  readonly name: string;
  readonly positional: readonly string[];
  readonly named: Readonly<Record<string, string>>;
}

/**
 * Refuses maintenance that may delete what others use: `cleanup_all`, and an age below that of the longest invocation, also of a snapshot that
 * `versions` names. DuckDB evaluates the arguments, on a connection from `ask`. What it cannot evaluate there, such as a parameter or a variable of the script, is
 * refused. A CASE may check a parameter itself, as the queries of this library do.
 *
 * A file of an open write looks like an orphan, so deleting it breaks the table. A snapshot that is newer than an open transaction holds what the
 * transaction's commit is compared with.
 */
export async function refuseUnsafe(sql: string, ask: Asking): Promise<void> {
  if (!MAINTENANCE.test(sql)) return;
  const unsafe = callsIn(sql).map(unsafeIf).filter((condition) => condition !== undefined);
  if (unsafe.length === 0) return;
  let isUnsafe = false;
  await ask(async (connection) => {
    for (const condition of unsafe) {
      const rows = await connection.run(`SELECT ${condition}`).then((result) => result.getRows(), () => []);
      // NULL is unknown, too: a variable that the script has yet to set.
      const isKnown = typeof rows[0]?.[0] === 'boolean';
      isUnsafe ||= isKnown ? rows[0]![0] === true : !CHECKED_BY_CASE.test(condition);
    }
  });
  if (!isUnsafe) return;
  throw new QueryError('this could delete what open transactions and running queries of the lake use: leave cleanup_all out, and give an older_than ' +
    'of at least 15 minutes ago, which is the longest that an invocation takes: older_than => now() - INTERVAL 1 DAY. Snapshots that versions names must be ' +
    `as old; parameters and variables cannot be checked here\n\nin: ${excerpt(sql)}`);
}

/** The SQL condition under which the call is unsafe; undefined for a call that never is. */
function unsafeIf({ name, positional, named }: FunctionCall): string | undefined {
  const { cleanup_all: all, older_than: since, versions, dry_run: isTrial = 'false' } = named;
  const conditions = [
    ...versions === undefined ? [] : [youngIn(versions, positional[0] ?? 'NULL')],
    ...all === undefined ? [] : [`(${all})::BOOLEAN`],
    ...since === undefined ? [] : [`(${since})::TIMESTAMPTZ > now() - ${LEAST_AGE}`],
  ];
  if (DELETING.test(name) && conditions.length > 0) return `(${conditions.join(' OR ')}) AND NOT (${isTrial})::BOOLEAN`;
  if (!SETTING.test(name)) return undefined;
  const at = positional.findIndex((argument) => AGE_OPTION.test(argument));
  return at === -1 || positional[at + 1] === undefined ? undefined : `(${positional[at + 1]})::INTERVAL < ${LEAST_AGE}`;
}

/** The SQL condition under which one of `versions` is a young snapshot of `lake`; both are SQL. */
function youngIn(versions: string, lake: string): string {
  return `EXISTS (FROM ducklake_snapshots(${lake}) WHERE list_contains((${versions})::BIGINT[], snapshot_id) AND snapshot_time > now() - ${LEAST_AGE})`;
}

/** The calls of the lake's functions in `sql`, not those in comments and strings, apart from a string that `query()` runs. */
function callsIn(sql: string): readonly FunctionCall[] {
  const calls: FunctionCall[] = [];
  let before = '';
  for (const pieces = new Pieces(sql, 0); !pieces.atEnd; pieces.next()) {
    if (isBlank(pieces.text)) continue;
    if (/query"?\($/i.test(before)) calls.push(...callsIn(stringIn(pieces.text) ?? ''));
    before = before.slice(-10) + pieces.text;
    const name = pieces.text.replace(/^"(.*)"$/, '$1');
    if (!DELETING.test(name) && !SETTING.test(name)) continue;
    const given = argumentsOf(sql, pieces.end);
    const named = given.map((argument) => NAMED.exec(argument)).filter((match) => match !== null);
    calls.push({
      name,
      positional: given.filter((argument) => !NAMED.test(argument)),
      named: Object.fromEntries(named.map(([, key, value]) => [key!.toLowerCase(), value!])),
    });
  }
  return calls;
}

const NAMED = /^"?(\w+)"?\s*(?:=>|:=|=)\s*([^]+)$/;

/** The arguments in the parentheses at `from`; none if there are no parentheses. */
function argumentsOf(sql: string, from: number): readonly string[] {
  const given = [''];
  let depth = 0;
  for (const pieces = new Pieces(sql, from); !pieces.atEnd; pieces.next()) {
    const { text } = pieces;
    if (text.startsWith('--') || text.startsWith('/*')) continue;
    if (')]}'.includes(text)) depth -= 1;
    if (depth === 0 && text.trim() !== '' && text !== '(') break;
    if (depth === 1 && text === ',') given.push('');
    else if (depth > 0) given[given.length - 1] += text;
    if ('([{'.includes(text)) depth += 1;
  }
  return given.map((argument) => argument.trim()).filter((argument) => argument !== '');
}
