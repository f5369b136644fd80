import { type CallersProperty, checkFroms, readFrom } from './callers-property';
import { type Declaration, readDeclaration } from './declaration';
import { checkDeclaredUses } from './declared-uses';
import { DirectiveText } from './directive-text';
import { type Directive, directivesIn } from './directives';
import { checkLastingChanges } from './lasting-changes';
import { SourceErrors, SourceFault } from './source-errors';
import { didYouMean } from '../base/did-you-mean';
import { ConfigError } from '../base/errors';
import { shown } from '../base/shown';
import { isEmptySql } from '../base/sql-text';

/** A parameter of a query: `-- @param month VARCHAR = '2025-01' : the month as YYYY-MM`. */
export interface QueryParameterDeclaration {
  /** As written, without the `$`. DuckDB ignores case in it. */
  readonly name: string;
  /** The SQL type as written. */
  readonly type: string;
  /** A value like JSON's. Without it the parameter is required. */
  readonly defaultValue?: unknown;
  /** `@from`: the property of an HTTP request's caller that is the value, such as `authorizer.claims.tenant`. Nobody else can give it. */
  readonly from?: string;
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
  /** Those of its parameters and columns, with their positions. */
  readonly declarations: readonly Declaration[];
  /** The names of parameters whose declarations have errors. */
  readonly faultyParameters: readonly string[];
  /** The position of the name in `@database`. */
  readonly databaseStart?: number;
  readonly errors: SourceErrors;
}

/** A year. */
const LONGEST_CACHE = 365 * 24 * 60 * 60;
/** Lambda's own limit. */
const LONGEST_TIMEOUT = 15 * 60;

/** What a directive's text means. Throws a `SourceFault` if it is wrong. */
type Reader = (text: DirectiveText) => Partial<QueryFile>;

const SETTINGS: Readonly<Record<string, Reader>> = {
  description: (text) => ({ description: anyText(text, 'a description, as in -- @description Sales by category.') }),
  cache: (text) => ({ cacheSeconds: seconds(text, LONGEST_CACHE) }),
  timeout: (text) => ({ timeoutSeconds: seconds(text, LONGEST_TIMEOUT) }),
  database: (text) => ({ database: oneWord(text, 'the name of a database, as in -- @database cache') }),
};

const DIRECTIVES = ['param', 'from', 'column', ...Object.keys(SETTINGS)];

/**
 * Reads a query file: its text, and the directives in the `--` comments before its first statement. Checks what the text of its statements tells.
 *
 * Throws one `CONFIG` error with all errors of the file, a line for each: `file:line:column: what was received, what was expected, the fix`.
 */
export function parseQueryFile(name: string, file: string, text: string): QueryFile {
  const read = readQueryFile(name, file, text);
  checkStatements(read);
  if (!read.errors.isEmpty) throw new ConfigError(read.errors.lines().join('\n'));
  return read.query;
}

/** Adds what the text of the statements tells: parameters that are not declared or not used, and changes that would outlive the query. */
export function checkStatements({ query: { sql }, declarations, faultyParameters, errors }: ReadQueryFile): void {
  checkDeclaredUses(sql, declarations.filter(({ kind }) => kind === 'param'), faultyParameters, errors);
  checkLastingChanges(sql, errors);
}

/** Like `parseQueryFile`, but hands out the errors, and does not check the statements. */
export function readQueryFile(name: string, file: string, text: string): ReadQueryFile {
  const sql = text.replace(/^\uFEFF/, '');
  const errors = new SourceErrors(file, sql);
  checkText(sql, errors);
  const settings = new Map<string, Directive>();
  const declarations = new Map<string, Declaration>();
  const named: string[] = [];
  const froms: CallersProperty[] = [];
  let declared: Partial<QueryFile> = {};
  for (const directive of directivesIn(sql, DIRECTIVES)) {
    errors.catch(() => {
      const { name: word, text: value, textStart } = directive;
      if (word === 'param') named.push(/^\$?(\w*)/.exec(value)![1]!);
      checkPlace(directive);
      const directiveText = new DirectiveText(value, textStart);
      if (word === 'param' || word === 'column') {
        const declaration = readDeclaration(word, directiveText);
        const key = `${word} ${declaration.name.toLowerCase()}`;
        checkDeclaredOnce(declaration, declarations.get(key), errors);
        declarations.set(key, declaration);
      } else if (word === 'from') {
        froms.push(readFrom(directiveText));
      } else {
        checkGivenOnce(directive, settings.get(word), errors);
        settings.set(word, directive);
        declared = { ...declared, ...SETTINGS[word]!(directiveText) };
      }
    });
  }
  const all = [...declarations.values()];
  const ofKind = (kind: Declaration['kind']) => all.filter((each) => each.kind === kind).map((each) => withLine(each, errors));
  const sources = checkFroms(froms, all.filter(({ kind }) => kind === 'param'), named, errors);
  const parameters = ofKind('param').map((each) => {
    const from = sources.get(each.name.toLowerCase());
    return from === undefined ? each : { ...each, from };
  });
  const faultyParameters = named.filter((each) => !declarations.has(`param ${each.toLowerCase()}`));
  const query = { name, file, sql, ...declared, parameters, columns: ofKind('column') };
  return { query, declarations: all, faultyParameters, databaseStart: settings.get('database')?.textStart, errors };
}

function withLine({ name, type, defaultValue, defaultStart, description, nameStart }: Declaration, errors: SourceErrors): QueryParameterDeclaration {
  return {
    name,
    type,
    ...(defaultStart !== undefined && { defaultValue }),
    ...(description !== undefined && { description }),
    line: errors.lineOf(nameStart),
  };
}

function checkText(sql: string, errors: SourceErrors): void {
  const [character] = /[\uFFFD\0]|\r(?!\n)/.exec(sql) ?? [];
  if (character === '\r') {
    errors.add(sql.search(/\r(?!\n)/), 'received a carriage return without a line feed, which ends a line for DuckDB and not for editors: save the file with LF or CRLF');
  } else if (character !== undefined) {
    errors.add(sql.indexOf(character), `received ${character === '\0' ? 'a NUL' : 'bytes that are not UTF-8'}: save the file as UTF-8`);
  } else if (isEmptySql(sql)) {
    errors.add(0, 'received no statement: write the query below its directives, or remove the file');
  }
}

/** Throws if the directive is unknown, or in a place where it would be ignored. */
function checkPlace({ name, start, ignored }: Directive): void {
  if (!DIRECTIVES.includes(name)) {
    throw new SourceFault(start, `received @${name}, which is not a directive${didYouMean(name, DIRECTIVES)}; the directives are: `
      + `${DIRECTIVES.map((each) => `@${each}`).join(', ')}. For a comment, write something before the @`);
  }
  if (ignored === 'in a block comment') throw new SourceFault(start, `@${name} is in a block comment, where it would be ignored: begin its line with --`);
  if (ignored !== undefined) throw new SourceFault(start, `received @${name} after the beginning of a statement, where it would be ignored: move it to the head of the file`);
}

function checkGivenOnce({ name, start }: Directive, first: Directive | undefined, errors: SourceErrors): void {
  if (first !== undefined) throw new SourceFault(start, `received @${name} twice, first in line ${errors.lineOf(first.start)}: remove one of them`);
}

function checkDeclaredOnce({ kind, name, nameStart }: Declaration, first: Declaration | undefined, errors: SourceErrors): void {
  if (first === undefined) return;
  const why = first.name === name ? '' : `, as "${first.name}" (DuckDB ignores case)`;
  throw new SourceFault(nameStart, `received @${kind} "${name}" twice, first in line ${errors.lineOf(first.nameStart)}${why}: remove one of them`);
}

function anyText(text: DirectiveText, expected: string): string {
  if (text.endsAt(0)) text.fail(0, `received nothing, expected ${expected}`);
  return text.text;
}

function oneWord(text: DirectiveText, expected: string): string {
  if (/\s/.test(text.text)) text.fail(0, `received ${shown(text.text)}, expected only ${expected}`);
  return anyText(text, expected);
}

function seconds(text: DirectiveText, longest: number): number {
  const value = Number(text.text);
  if (/^\d+$/.test(text.text) && value >= 1 && value <= longest) return value;
  return text.fail(0, `received ${text.endsAt(0) ? 'nothing' : shown(text.text)}, expected a whole number of seconds from 1 to ${longest}`);
}
