import { createRequire } from 'node:module';
import type { CatalogNames } from '../base/catalog-names';
import { firstWord, mayBeScript, splitStatements } from '../base/sql-text';

// A distinct name, so that bundlers leave this call alone.
const requireFromHere = createRequire(__filename);

const reader = () => requireFromHere('../base/catalog-names') as typeof import('../base/catalog-names');

/** The words that begin a statement that only reads. */
const READS = ['SELECT', 'FROM', 'VALUES', 'TABLE', 'DESCRIBE', 'SUMMARIZE', 'SHOW'];
const WRITES = /\b(?:INSERT|UPDATE|DELETE|MERGE)\b/i;
const COPIES = /\b(?:COPY|EXPORT)\b/i;
const COPIES_FIRST = /^(?:EXPLAIN\s+(?:ANALYZE\s+)?)?(?:COPY|EXPORT)\b/i;
const ATTACHES = /\b(?:AT|DE)TACH\b/i;
const ABOUT_TRANSACTIONS = /\b(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT)\b/i;
const BEGINS = /^(?:BEGIN|START)\b/i;
const BEGINS_OR_ENDS = /^(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT)\b/i;

/**
 * The SQL of one call, a statement or a script, and the facts that its text shows without DuckDB's parser.
 *
 * Each fact is read from the text when it is first needed, and then kept.
 */
export class Statement {
  private operationRead: string | undefined;
  private isScriptRead: boolean | undefined;
  private mayAttachRead: boolean | undefined;
  private partsRead: readonly string[] | undefined;
  private catalogNamesRead: CatalogNames | undefined;
  private transactionControlRead: readonly string[] | undefined;

  constructor(readonly sql: string) {}

  /** Its first word, in upper case: `SELECT`, `ATTACH` …; empty if it does not begin with a word. */
  get operation(): string {
    return this.operationRead ??= firstWord(this.sql);
  }

  /** Whether it may contain more than one statement. */
  get isScript(): boolean {
    return this.isScriptRead ??= mayBeScript(this.sql);
  }

  /** Whether it only reads, if it is one statement. */
  get isSelect(): boolean {
    return READS.includes(this.operation) || (this.operation === 'WITH' && !WRITES.test(this.sql));
  }

  /** Whether it may change which databases are attached. */
  get mayAttach(): boolean {
    return this.mayAttachRead ??= ATTACHES.test(this.sql);
  }

  /** Whether it is, or holds, a COPY or EXPORT. */
  get copies(): boolean {
    return COPIES.test(this.sql) && this.parts.some((part) => COPIES_FIRST.test(part));
  }

  /** Its statements, each without the comments before it. */
  get parts(): readonly string[] {
    return this.partsRead ??= splitStatements(this.sql);
  }

  /** The catalogs that its text names. */
  get catalogNames(): CatalogNames {
    return this.catalogNamesRead ??= reader().catalogNames(this.sql);
  }

  /** The statements that begin or end a transaction. */
  get transactionControl(): readonly string[] {
    return this.transactionControlRead ??= ABOUT_TRANSACTIONS.test(this.sql) ? this.parts.filter((part) => BEGINS_OR_ENDS.test(part)) : [];
  }

  /** Whether a connection may be in a transaction after it, when it may have been in one `before`. */
  mayBeInTransactionAfter(before: boolean, hasFailed: boolean): boolean {
    const last = this.transactionControl.at(-1);
    if (last === undefined) return before;
    // If a script has failed, it is unknown which statements have run.
    return hasFailed || BEGINS.test(last);
  }
}
