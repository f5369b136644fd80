import { Statement } from '../../execution/statement';

/** The first words of statements that may write. */
const WRITES = ['INSERT', 'UPDATE', 'DELETE', 'MERGE', 'CREATE', 'ALTER', 'DROP', 'TRUNCATE', 'COPY', 'COMMENT', 'WITH', 'CALL', 'EXECUTE'];
/** Functions that write, also in a SELECT. */
const WRITING_FUNCTION = /\b(?:ducklake_)?(?:merge_adjacent_files|rewrite_data_files|flush_inlined_data|add_data_files|expire_snapshots|cleanup_old_files|delete_orphaned_files|set_option)\b/i;

/** The parts of `statement` that may write, to whatever. */
export function writesIn({ parts }: Statement): readonly Statement[] {
  return parts.map((part) => new Statement(part)).filter(({ sql, isSelect, operation }) => (
    (!isSelect && WRITES.includes(operation)) || WRITING_FUNCTION.test(sql)
  ));
}

/** Whether its statements are committed one by one. */
export function isScriptOfWrites(statement: Statement): boolean {
  return statement.isScript && statement.transactionControl.length === 0 && writesIn(statement).length > 1;
}
