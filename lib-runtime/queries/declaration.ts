import { checkDefault, readDefault } from './default-value';
import type { DirectiveText } from './directive-text';
import { Pieces } from '../base/sql-pieces';

/** What `name TYPE [= default] [: description]` declares, and where in the file. */
export interface Declaration {
  readonly kind: 'param' | 'column';
  readonly name: string;
  readonly type: string;
  readonly defaultValue?: unknown;
  readonly description?: string;
  readonly nameStart: number;
  readonly typeStart: number;
  /** Present if there is a default. */
  readonly defaultStart?: number;
}

const EXAMPLES = { param: '-- @param month VARCHAR', column: '-- @column revenue DECIMAL(18,2)' } as const;
const PARAMETER_NAME = /^[A-Za-z_]\w*$/;
const COLUMN_NAME = /^[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*$/;
const QUOTED_NAME = /^"((?:[^"]|"")+)"(?=\s|$)/;
/** The words that may follow the first one of a type. Any other word is a description without its colon. */
const FURTHER_WORDS = /^(?:ARRAY|CHARACTER|DAY|HOUR|MINUTE|MONTH|PRECISION|SECOND|TIME|TO|VARYING|WITH|WITHOUT|YEAR|ZONE)$/i;
const CLOSING = new Map([['(', ')'], ['[', ']']]);

/** Reads the text of `@param` or `@column`. Throws a `SourceFault` if it is wrong. */
export function readDeclaration(kind: Declaration['kind'], text: DirectiveText): Declaration {
  const { name, end } = kind === 'param' ? parameterName(text) : columnName(text);
  const typeStart = text.afterSpace(end);
  let position = endOfType(text, typeStart);
  const type = text.slice(typeStart, position).trim();
  if (type === '') text.fail(typeStart, `received ${text.wordAt(position)}, expected the type of "${name}", as in ${EXAMPLES[kind]}`);
  const declaration = { kind, name, type, nameStart: text.inFile(0), typeStart: text.inFile(typeStart) };
  if (!text.has('=', position)) return { ...declaration, ...described(text, position) };
  if (kind === 'column') text.fail(position, `received a default for the column "${name}", and only parameters have one: remove it`);
  const start = text.afterSpace(position + 1);
  const { value: defaultValue, end: endOfDefault } = readDefault(text, start);
  checkDefault(type, defaultValue, (message) => text.fail(start, message));
  position = text.afterSpace(endOfDefault);
  if (!text.has(':', position) && !text.endsAt(position)) {
    text.fail(position, `received ${text.wordAt(position)} after the default, expected ":" and a description, or nothing`);
  }
  return { ...declaration, defaultValue, defaultStart: text.inFile(start), ...described(text, position) };
}

function parameterName(text: DirectiveText): { name: string; end: number } {
  const name = text.match(/^\S*/)![0];
  if (PARAMETER_NAME.test(name)) return { name, end: name.length };
  const fix = name.startsWith('$') ? 'write it without the $, which only SQL has' : `as in ${EXAMPLES.param}`;
  return text.fail(0, `received ${text.wordAt(0)} as the parameter's name, expected a letter or _, then letters, digits and _: ${fix}`);
}

function columnName(text: DirectiveText): { name: string; end: number } {
  const quoted = text.match(QUOTED_NAME);
  if (quoted) return { name: quoted[1]!.replaceAll('""', '"'), end: quoted[0].length };
  const name = text.match(/^\S*/)![0];
  if (COLUMN_NAME.test(name)) return { name, end: name.length };
  return text.fail(0, `received ${text.wordAt(0)} as the column's name, expected letters, digits and _, as in ${EXAMPLES.column}, or any name in double quotes`);
}

/** The position of the `=` or `:` that ends the type at `from`, or the end of the text. */
function endOfType(text: DirectiveText, from: number): number {
  const open: { readonly bracket: string; readonly at: number }[] = [];
  let mayBegin = true;
  for (const pieces = new Pieces(text.text, from); !pieces.atEnd; pieces.next()) {
    const { text: piece, start } = pieces;
    if (piece.startsWith('--') || piece.startsWith('/*')) text.fail(start, 'received a comment in the directive: write a description behind ":"');
    if (piece === "'" || piece === '"') text.fail(start, `received ${piece} without its second one, expected ":" before a description`);
    if (CLOSING.has(piece)) {
      open.push({ bracket: piece, at: start });
    } else if (piece === ')' || piece === ']') {
      const last = open.pop();
      if (last === undefined || CLOSING.get(last.bracket) !== piece) text.fail(start, `received "${piece}" without its opening bracket in the type`);
    } else if (open.length === 0) {
      if (piece === '=' || piece === ':') return start;
      mayBegin = mayBeginAfter(piece, mayBegin) ?? text.fail(start, `received ${text.wordAt(start)} after the type, expected "=" and a default, or ":" and a description`);
    }
  }
  const unclosed = open.pop();
  if (unclosed !== undefined) text.fail(unclosed.at, `received "${unclosed.bracket}" without "${CLOSING.get(unclosed.bracket)}" in the type: a directive is one line`);
  return text.text.length;
}

/** Whether a name of a type may begin after `piece`, as after a dot; undefined if `piece` cannot be in a type. */
function mayBeginAfter(piece: string, mayBegin: boolean): boolean | undefined {
  if (piece.trim() === '') return mayBegin;
  if (piece === '.') return true;
  if (/^[\w\u0080-\uffff]+$/.test(piece)) return mayBegin || FURTHER_WORDS.test(piece) ? false : undefined;
  return piece.startsWith('"') && mayBegin ? false : undefined;
}

function described(text: DirectiveText, colon: number): { description?: string } {
  if (text.endsAt(colon)) return {};
  if (text.has('=', colon + 1) || text.has(':', colon + 1)) {
    text.fail(colon, `received "${text.slice(colon, colon + 2)}", expected "=" and a default, or ":" and a description`);
  }
  const start = text.afterSpace(colon + 1);
  if (text.endsAt(start)) text.fail(colon, 'received ":" without a description: write one, or remove the colon');
  return { description: text.slice(start) };
}
