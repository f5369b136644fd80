const QUOTE = 39;
const DOUBLE_QUOTE = 34;
const DOLLAR = 36;
const BACKSLASH = 92;
const SMALL_E = 101;
const CAPITAL_E = 69;
/** The longest tag of a dollar-quoted string that is recognised. */
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]{0,200})?\$/y;
const COMMENT_EDGE = /\/\*|\*\//g;

// Every loop here only moves forward, so the time is proportional to the SQL. A regular expression may start again at each character.

/** SQL piece by piece: a string, a quoted name, a comment, a word, a run of white space, or a single character. */
export class Pieces {
  /** The start and the end of the current piece. */
  start: number;
  end: number;
  /** The kinds of quote that were found unclosed. Further ones count as single characters, without another search to the end. */
  private readonly unclosed = new Set<string>();

  constructor(private readonly sql: string, start: number) {
    this.start = start;
    this.end = this.endOfPiece();
  }

  get atEnd(): boolean {
    return this.start >= this.sql.length;
  }

  get text(): string {
    return this.sql.slice(this.start, this.end);
  }

  next(): void {
    this.start = this.end;
    this.end = this.endOfPiece();
  }

  private endOfPiece(): number {
    const { sql, start } = this;
    const code = sql.charCodeAt(start);
    if (code === QUOTE || code === DOUBLE_QUOTE) return this.closed(sql[start]!, () => afterQuote(sql, start));
    if (code === DOLLAR) return this.closed('$', () => afterDollarQuote(sql, start));
    if ((code === SMALL_E || code === CAPITAL_E) && sql.charCodeAt(start + 1) === QUOTE) return this.closed('e', () => afterEscapes(sql, start + 1));
    if (sql.startsWith('--', start)) return endOfLine(sql, start);
    if (sql.startsWith('/*', start)) return afterComment(sql, start);
    if (isWordStart(code)) return afterRun(sql, start, isWordPart);
    return isSpace(code) ? afterRun(sql, start, isSpace) : start + 1;
  }

  /** The position after quoted text; after its first character if the quote is not closed. */
  private closed(kind: string, find: () => number | undefined): number {
    const end = this.unclosed.has(kind) ? undefined : find();
    if (end === undefined) this.unclosed.add(kind);
    return end ?? this.start + 1;
  }
}

/** Whether a piece is white space or a comment. */
export function isBlank(piece: string): boolean {
  return piece.trim() === '' || piece.startsWith('--') || piece.startsWith('/*');
}

/** The value of a string literal; undefined for any other piece. */
export function stringIn(piece: string): string | undefined {
  if (piece.startsWith("'") && piece.length > 1) return piece.slice(1, -1).replaceAll("''", "'");
  if (/^e'/i.test(piece)) return piece.slice(2, -1).replaceAll("''", "'").replace(/\\(.)/g, '$1');
  const tag = /^\$\w*\$/.exec(piece)?.[0];
  return tag === undefined ? undefined : piece.slice(tag.length, -tag.length);
}

/** The name that a word or a quoted piece is; undefined for any other piece. */
export function nameIn(piece: string): string | undefined {
  if (piece.length > 1 && piece.startsWith('"')) return piece.slice(1, -1).replaceAll('""', '"');
  return isWordStart(piece.charCodeAt(0)) && stringIn(piece) === undefined ? piece : undefined;
}

/** The position after the quoted text at `from`, in which a doubled quote is literal; undefined if it is not closed. */
function afterQuote(sql: string, from: number): number | undefined {
  const quote = sql[from]!;
  for (let end = sql.indexOf(quote, from + 1); end !== -1; end = sql.indexOf(quote, end + 2)) {
    if (sql[end + 1] !== quote) return end + 1;
  }
  return undefined;
}

/** The position after the string with escapes whose quote is at `from`. */
function afterEscapes(sql: string, from: number): number | undefined {
  for (let position = from + 1; position < sql.length; position += 1) {
    const code = sql.charCodeAt(position);
    if (code === BACKSLASH || (code === QUOTE && sql.charCodeAt(position + 1) === QUOTE)) position += 1;
    else if (code === QUOTE) return position + 1;
  }
  return undefined;
}

/** The position after the dollar-quoted string at `from`; after the dollar if there is no such string, as in `$1`. */
function afterDollarQuote(sql: string, from: number): number | undefined {
  DOLLAR_TAG.lastIndex = from;
  const tag = DOLLAR_TAG.exec(sql)?.[0];
  if (tag === undefined) return from + 1;
  const end = sql.indexOf(tag, from + tag.length);
  return end === -1 ? undefined : end + tag.length;
}

function afterRun(sql: string, from: number, belongs: (code: number) => boolean): number {
  let end = from + 1;
  while (end < sql.length && belongs(sql.charCodeAt(end))) end += 1;
  return end;
}

function isWordStart(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || (code >= 48 && code <= 57) || (code > 127 && !isSpace(code));
}

/** A name may contain a dollar, which does not begin a string there. */
function isWordPart(code: number): boolean {
  return isWordStart(code) || code === DOLLAR;
}

/** White space. */
export function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || (code > 127 && /\s/.test(String.fromCharCode(code)));
}

/** The end of the line that contains `from`. */
export function endOfLine(sql: string, from: number): number {
  const end = sql.indexOf('\n', from);
  return end === -1 ? sql.length : end;
}

/** The position after the block comment at `from`. Block comments nest. */
export function afterComment(sql: string, from: number): number {
  let depth = 0;
  COMMENT_EDGE.lastIndex = from;
  for (let edge = COMMENT_EDGE.exec(sql); edge !== null; edge = COMMENT_EDGE.exec(sql)) {
    depth += edge[0] === '/*' ? 1 : -1;
    if (depth === 0) return COMMENT_EDGE.lastIndex;
  }
  return sql.length;
}
