import { type Declaration, readDeclaration } from './declaration';
import { type Directive, directivesIn } from './directives';
import { SourceErrors, SourceFault } from './source-errors';
import { didYouMean } from '../base/did-you-mean';
import { ConfigError } from '../base/errors';
import { isEmptySql } from '../base/sql-text';

/** A parameter of a query: `-- @param month VARCHAR = '2025-01' : the month as YYYY-MM`. */
export interface QueryParameterDeclaration {
  /** As written, without the `$`. DuckDB ignores case in it. */
  readonly name: string;
  /** The SQL type as written. */
  readonly type: string;
  /** A value like JSON's. Without it the parameter is required. */
  readonly defaultValue?: unknown;
  readonly description?: string;
  readonly line: number;
}

/** A column that the answer must have: `-- @column revenue DECIMAL(18,2) : in euros`. */
export interface QueryColumnDeclaration {
  readonly name: string;
  /** The SQL type as written. */
  readonly type: string;
  readonly description?: string;
  readonly line: number;
}

/** A query, as its file declares it. */
export interface QueryFile {
  /** The file's path in the folder, without `.sql`: `reports/daily`. */
  readonly name: string;
  /** The file as messages name it. */
  readonly file: string;
  /** The whole text, without a byte order mark. Positions in it are those of the file. */
  readonly sql: string;
  readonly description?: string;
  readonly parameters: readonly QueryParameterDeclaration[];
  /** The declared columns. The answer may have others. */
  readonly columns: readonly QueryColumnDeclaration[];
  /** `@cache`: how many seconds old an answer may be. */
  readonly cacheSeconds?: number;
  /** `@timeout`: after how many seconds the query fails. */
  readonly timeoutSeconds?: number;
  /** `@database`: the logical database that the query runs in. */
  readonly database?: string;
}

/** A query file that was read: what it declares, as far as it has no errors, and its errors. */
export interface ReadQueryFile {
  readonly query: QueryFile;
  readonly errors: SourceErrors;
}

type Declared = { -readonly [Key in keyof QueryFile]: QueryFile[Key] } & {
  readonly parameters: QueryParameterDeclaration[];
  readonly columns: QueryColumnDeclaration[];
};

/** What a directive adds to its query. Throws a `SourceFault` if its text is wrong. */
type Reader = (directive: Directive, declared: Declared, errors: SourceErrors) => void;

const LONGEST_CACHE = 365 * 24 * 60 * 60;
/** Lambda's own limit. */
const LONGEST_TIMEOUT = 15 * 60;

const READERS: Readonly<Record<string, Reader>> = {
  description: (directive, declared) => { declared.description = textOf(directive, 'a description, such as -- @description Sales by category.'); },
  param: (directive, declared, errors) => {
    const declaration = readDeclaration(directive, 'param');
    declared.parameters.push(declaredOnce(declaration, directive, declared.parameters, errors));
  },
  column: (directive, declared, errors) => {
    const declaration = readDeclaration(directive, 'column');
    declared.columns.push(declaredOnce(declaration, directive, declared.columns, errors));
  },
  cache: (directive, declared) => { declared.cacheSeconds = seconds(directive, LONGEST_CACHE); },
  timeout: (directive, declared) => { declared.timeoutSeconds = seconds(directive, LONGEST_TIMEOUT); },
  database: (directive, declared) => {
    declared.database = textOf(directive, 'the name of a database, such as -- @database cache');
    if (/\s/.test(directive.text)) throw new SourceFault(directive.textStart, `received "${directive.text}", expected one name, as in -- @database cache`);
  },
};

const DIRECTIVES = Object.keys(READERS);
/** These may be repeated. */
const REPEATED = ['param', 'column'];

/**
 * Reads a query file: its text, and the directives in the `--` comments before its first statement.
 *
 * Throws one `CONFIG` error with all errors of the file, a line for each: `file:line:column: what was received, what was expected, the fix`.
 */
export function parseQueryFile(name: string, file: string, text: string): QueryFile {
  const { query, errors } = readQueryFile(name, file, text);
  if (!errors.isEmpty) throw new ConfigError(errors.lines().join('\n'));
  return query;
}

/** Like `parseQueryFile`, but hands out the errors. */
export function readQueryFile(name: string, file: string, text: string): ReadQueryFile {
  const sql = text.replace(/^\uFEFF/, '');
  const errors = new SourceErrors(file, sql);
  const declared: Declared = { name, file, sql, parameters: [], columns: [] };
  const first = new Map<string, Directive>();
  for (const directive of directivesIn(sql, DIRECTIVES, errors)) {
    errors.catch(() => {
      checkPlace(directive, first.get(directive.name), errors);
      first.set(directive.name, directive);
      READERS[directive.name]!(directive, declared, errors);
    });
  }
  const carriageReturn = sql.search(/\r(?!\n)/);
  if (carriageReturn !== -1) errors.add(carriageReturn, 'received a carriage return without a line feed, which ends a comment for DuckDB and not for editors: save the file with LF or CRLF');
  if (isEmptySql(sql)) errors.add(0, 'the file has no statement: write the query below its directives, or remove the file');
  return { query: declared, errors };
}

/** Throws if the directive is unknown, follows a statement, or is given twice. */
function checkPlace({ name, start, isAfterStatement }: Directive, first: Directive | undefined, errors: SourceErrors): void {
  if (!DIRECTIVES.includes(name)) {
    throw new SourceFault(start, `@${name} is not a directive${didYouMean(name, DIRECTIVES)}; the directives are: ${DIRECTIVES.map((each) => `@${each}`).join(', ')}. `
      + 'A comment that begins with @ is taken for one: begin it with another character');
  }
  if (isAfterStatement) throw new SourceFault(start, `@${name} comes after the beginning of a statement, where it would be ignored: move it to the head of the file`);
  if (first !== undefined && !REPEATED.includes(name)) {
    throw new SourceFault(start, `@${name} is given twice, first in line ${errors.lineOf(first.start)}: remove one of them`);
  }
}

function declaredOnce<T extends Declaration & { line: number }>(
  declaration: Declaration, { name: directive, textStart }: Directive, before: readonly T[], errors: SourceErrors,
): Declaration & { line: number } {
  const other = before.find(({ name }) => name.toLowerCase() === declaration.name.toLowerCase());
  if (other === undefined) return { ...declaration, line: errors.lineOf(textStart) };
  const why = other.name === declaration.name ? '' : `, as "${other.name}": DuckDB ignores case in names`;
  throw new SourceFault(textStart, `@${directive} "${declaration.name}" is given twice, first in line ${other.line}${why}: remove one of them`);
}

function textOf({ text, textStart }: Directive, expected: string): string {
  if (text === '') throw new SourceFault(textStart, `received nothing, expected ${expected}`);
  return text;
}

function seconds(directive: Directive, longest: number): number {
  const { name, text, textStart } = directive;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= longest) return value;
  throw new SourceFault(textStart, `received "${text}", expected a whole number of seconds from 1 to ${longest}, such as -- @${name} 20`);
}
