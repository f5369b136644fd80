import { splitStatements } from './sql-text';

const ABOUT_TRANSACTIONS = /\b(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT)\b/i;
const BEGINS = /^(?:BEGIN|START)\b/i;
const ENDS = /^(?:COMMIT|END|ROLLBACK|ABORT)\b/i;

/** Whether a connection may be in a transaction after `sql`, as far as its text tells, when it may have been in one `before`. */
export function mayBeInTransactionAfter(sql: string, before: boolean): boolean {
  if (!ABOUT_TRANSACTIONS.test(sql)) return before;
  const last = splitStatements(sql).filter((statement) => BEGINS.test(statement) || ENDS.test(statement)).at(-1);
  return last === undefined ? before : BEGINS.test(last);
}
