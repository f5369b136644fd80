import { isBlank, nameIn, Pieces, stringIn } from './sql-pieces';

// A separate chunk, loaded when the text of a statement contains the name of a catalog that is still to be attached.

/** The catalogs that SQL names, in lower case. */
export interface CatalogNames {
  /** The names in all places where DuckDB looks for a catalog. Some may be names of schemas. */
  readonly all: ReadonlySet<string>;
  /** Those among them from which something is dropped or altered IF EXISTS: DuckDB ignores such a statement if the catalog is missing. */
  readonly ifExists: ReadonlySet<string>;
}

/** Words that a catalog's name may follow alone. Elsewhere, a dot follows the name. */
const BEFORE_CATALOG = new Set(['USE', 'DETACH', 'DATABASE', 'CHECKPOINT']);
/** Words that tables follow. */
const BEFORE_TABLES = new Set(['FROM', 'JOIN', 'INTO', 'UPDATE', 'TABLE', 'CALL', 'PRAGMA']);
/** Words that expressions follow. There, a name before a dot may be the alias of a table, and a string is seldom a catalog's name. */
const BEFORE_EXPRESSIONS = new Set([
  'SELECT', 'WHERE', 'ON', 'GROUP', 'ORDER', 'HAVING', 'QUALIFY', 'LIMIT', 'SET', 'RETURNING', 'WINDOW', 'VALUES', 'EXECUTE', 'SECRET',
]);
/** Functions in expressions that take the name of a sequence as a string. */
const SEQUENCE_FUNCTION = /^(?:next|curr)val$/i;
/** What precedes an argument. */
const BEFORE_ARGUMENT = /^[(,=>[]$/;

/**
 * The catalogs that `sql`, a statement or a script, names: in identifiers such as `lake.orders`, `USE lake`, and in strings that are arguments of
 * table functions, such as `ducklake_snapshots('lake')`. Catalogs that the script attaches itself are not among them.
 */
export function catalogNames(sql: string): CatalogNames {
  return new Reader(true).read(sql);
}

/** An open parenthesis. */
interface Parenthesis {
  /** Whether tables, not expressions, stood before it. */
  readonly inTables: boolean;
  /** What the strings in it are, if it holds the arguments of a table function. */
  strings: 'names' | 'SQL' | undefined;
}

/** Reads SQL piece by piece. A path is a name, or several names with dots between them. */
class Reader {
  private readonly named = new Set<string>();
  private readonly ifExists = new Set<string>();
  /** Names before a dot in expressions: of catalogs, or aliases of tables. */
  private readonly inExpressions = new Set<string>();
  /** Names without a dot: of tables, aliases and columns. */
  private readonly alone = new Set<string>();
  private readonly attached = new Set<string>();

  private parentheses: Parenthesis[] = [];
  private inTables = true;
  private isAttach = false;
  private isFirstWord = true;
  /** The last words before the present path, in upper case: names without a dot. */
  private words: readonly [string, string] = ['', ''];
  /** The first and the last name of the present path, as they are written. */
  private head: string | undefined;
  private tail = '';
  private isDotted = false;
  private last = '';

  constructor(private readonly isOutermost: boolean) {}

  read(sql: string): CatalogNames {
    for (const pieces = new Pieces(sql, 0); !pieces.atEnd; pieces.next()) {
      const { text } = pieces;
      if (isBlank(text)) continue;
      this.take(text);
      this.last = text;
    }
    this.endPath(false);
    this.endStatement();
    const without = (names: Iterable<string>) => new Set([...names].filter((name) => !this.attached.has(name)));
    return { all: without(this.named), ifExists: without(this.ifExists) };
  }

  private take(text: string): void {
    if (nameIn(text) !== undefined) {
      if (this.last !== '.') this.beginPath(text);
      this.tail = text;
    } else if (text === '.') {
      this.isDotted = true;
    } else {
      const isCall = this.endPath(text === '(');
      this.words = ['', ''];
      if (text === '(') this.open(isCall);
      else if (text === ')') this.inTables = this.parentheses.pop()?.inTables ?? this.inTables;
      else if (text === ';') this.endStatement();
      else this.takeString(stringIn(text));
    }
  }

  private endStatement(): void {
    for (const name of this.inExpressions) if (!this.alone.has(name)) this.named.add(name);
    this.inExpressions.clear();
    this.alone.clear();
    this.parentheses = [];
    this.inTables = this.isFirstWord = true;
    this.isAttach = false;
  }

  private beginPath(head: string): void {
    this.endPath(false);
    this.head = head;
    this.isDotted = false;
  }

  /** Returns whether the path was a name, and not a keyword. */
  private endPath(isCall: boolean): boolean {
    const { head } = this;
    if (head === undefined) return false;
    this.head = undefined;
    const name = nameIn(head)!.toLowerCase();
    const isFirstWord = this.isFirstWord;
    this.isFirstWord = false;
    if (this.isAttach) this.attached.add(name);
    else if (this.isDotted) this.takeDotted(name, isCall);
    else return this.takeAlone(name, head.toUpperCase(), isFirstWord);
    return true;
  }

  private takeDotted(name: string, isCall: boolean): void {
    (this.inTables || isCall ? this.named : this.inExpressions).add(name);
    if (this.words.join(' ') === 'IF EXISTS') this.ifExists.add(name);
    this.words = ['', ''];
  }

  private takeAlone(name: string, word: string, isFirstWord: boolean): boolean {
    const [, before] = this.words;
    const isCatalog = BEFORE_CATALOG.has(before) || this.words.join(' ') === 'TABLES FROM';
    const isKeyword = BEFORE_TABLES.has(word) || BEFORE_EXPRESSIONS.has(word);
    this.words = [before, word];
    if (isFirstWord && word === 'ATTACH') this.isAttach = true;
    if (isKeyword) this.beginClause(BEFORE_TABLES.has(word));
    else if (isCatalog && this.parentheses.length === 0) this.named.add(name);
    else this.alone.add(name);
    return !isKeyword;
  }

  private beginClause(ofTables: boolean): void {
    this.inTables = ofTables;
    // The parenthesis around it holds a query, and no arguments.
    const around = this.parentheses.at(-1);
    if (around) around.strings = undefined;
  }

  private open(isCall: boolean): void {
    const called = nameIn(this.tail) ?? '';
    const isArgument = this.parentheses.at(-1)?.strings !== undefined;
    const takesNames = isCall && (SEQUENCE_FUNCTION.test(called) || (this.inTables && !isArgument));
    const strings = called.toLowerCase() === 'query' ? 'SQL' : 'names';
    this.parentheses.push({ inTables: this.inTables, strings: takesNames ? strings : undefined });
  }

  private takeString(value: string | undefined): void {
    if (value === undefined) return;
    if (this.isAttach) {
      // Without AS, the catalog has the name of its file.
      for (const part of value.toLowerCase().split(/[\\/.:?]/)) this.attached.add(part);
      return;
    }
    const strings = this.parentheses.at(-1)?.strings;
    if (strings === undefined || !BEFORE_ARGUMENT.test(this.last)) return;
    if (strings === 'names') this.takeArgument(value);
    else if (this.isOutermost) new Reader(false).read(value).all.forEach((name) => this.named.add(name));
  }

  /** An argument names a catalog, such as `lake`, or a path in one, such as `lake.main.orders`. */
  private takeArgument(value: string): void {
    this.named.add(value.toLowerCase());
    const pieces = new Pieces(value, 0);
    const name = nameIn(pieces.text);
    pieces.next();
    if (name !== undefined && pieces.text === '.') this.named.add(name.toLowerCase());
  }
}
