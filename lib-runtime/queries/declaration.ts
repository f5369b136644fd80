import { checkDefault, readDefault } from './default-value';
import type { Directive } from './directives';
import { SourceFault } from './source-errors';
import { Pieces } from '../base/sql-pieces';

/** The text of `@param` or `@column`: `name TYPE [= default] [: description]`. */
export interface Declaration {
  readonly name: string;
  readonly type: string;
  readonly defaultValue?: unknown;
  readonly description?: string;
}

const PARAMETER_NAME = /^[A-Za-z_]\w*$/;
const COLUMN_NAME = /^[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*$/;
const QUOTED_NAME = /^"((?:[^"]|"")+)"(?=\s|$)/;
/** The words that may follow the first one of a type. Any other word is a description without its colon. */
const FURTHER_WORDS = /^(?:ARRAY|CHARACTER|DAY|HOUR|MINUTE|MONTH|PRECISION|SECOND|TIME|TO|VARYING|WITH|WITHOUT|YEAR|ZONE)$/i;
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']' };

/** Throws a `SourceFault` if the directive's text is wrong. */
export function readDeclaration({ text, textStart }: Directive, kind: 'param' | 'column'): Declaration {
  const fail = (at: number, message: string): never => { throw new SourceFault(textStart + at, message); };
  const example = kind === 'param' ? '-- @param month VARCHAR' : '-- @column revenue DECIMAL(18,2)';
  const [nameLength, name] = readName(text, kind, example, fail);
  const typeStart = afterSpace(text, nameLength);
  let position = endOfType(text, typeStart, fail);
  const type = text.slice(typeStart, position).trim();
  if (type === '') fail(typeStart, `received ${received(text, position)}, expected the type of "${name}", such as ${example}`);
  let defaultValue: { readonly value: unknown } | undefined;
  if (text[position] === '=') {
    if (kind === 'column') fail(position, `received a default for the column "${name}", which has none: remove it`);
    const start = afterSpace(text, position + 1);
    const { value, end } = readDefault(text, start, fail);
    checkDefault(type, value, (message) => fail(start, message));
    defaultValue = { value };
    position = afterSpace(text, end);
    if (position < text.length && text[position] !== ':') fail(position, `received ${received(text, position)} after the default, expected ":" and a description, or nothing`);
  }
  const description = readDescription(text, position, fail);
  return { name, type, ...(defaultValue && { defaultValue: defaultValue.value }), ...(description !== undefined && { description }) };
}

type Fail = (at: number, message: string) => never;

function readName(text: string, kind: 'param' | 'column', example: string, fail: Fail): [length: number, name: string] {
  const quoted = kind === 'column' ? QUOTED_NAME.exec(text) : null;
  if (quoted) return [quoted[0].length, quoted[1]!.replaceAll('""', '"')];
  const name = /^\S*/.exec(text)![0];
  if (name === '') return fail(0, `received nothing, expected a name and a type, such as ${example}`);
  if (kind === 'param' && PARAMETER_NAME.test(name)) return [name.length, name];
  if (kind === 'column' && COLUMN_NAME.test(name)) return [name.length, name];
  if (kind === 'column') return fail(0, `received the name ${name}, expected letters, digits and _, or any text in double quotes`);
  const fix = name.startsWith('$') ? ': write it without the $, which only the SQL has' : `, as in ${example}`;
  return fail(0, `received the name "${name}", expected a letter or _, then letters, digits and _${fix}`);
}

/** The position of the `=` or `:` that ends the type at `from`, or the end of the text. */
function endOfType(text: string, from: number, fail: Fail): number {
  const open: { readonly bracket: string; readonly at: number }[] = [];
  let isFirstWord = true;
  for (const pieces = new Pieces(text, from); !pieces.atEnd; pieces.next()) {
    const { text: piece, start } = pieces;
    if (piece.startsWith('--') || piece.startsWith('/*')) fail(start, `received the comment ${piece}, expected ":" before a description`);
    if (piece === "'" || piece === '"') fail(start, `received ${piece} without its second one in the type, expected ":" before a description`);
    if (piece === ';') fail(start, 'received ";" in the type, expected "=" and a default, or ":" and a description');
    if (CLOSING[piece] !== undefined) {
      open.push({ bracket: piece, at: start });
    } else if (piece === ')' || piece === ']') {
      const last = open.pop();
      if (last === undefined || CLOSING[last.bracket] !== piece) fail(start, `received "${piece}" without its opening bracket in the type`);
    } else if (open.length === 0) {
      if (piece === '=' || piece === ':') return start;
      isFirstWord = checkPiece(text, start, piece, isFirstWord, fail);
    }
  }
  const unclosed = open.pop();
  if (unclosed !== undefined) fail(unclosed.at, `received "${unclosed.bracket}" without "${CLOSING[unclosed.bracket]}" in the type: a directive is one line`);
  return text.length;
}

/** Checks a piece outside brackets. Returns whether the next word may be any: after none or after a dot, but not after another. */
function checkPiece(text: string, start: number, piece: string, isFirstWord: boolean, fail: Fail): boolean {
  if (piece.trim() === '') return isFirstWord;
  if (piece === '.') return true;
  const isWord = /^[\w\u0080-\uffff]+$/.test(piece);
  if ((isWord || /^"./.test(piece)) && isFirstWord) return false;
  if (isWord && FURTHER_WORDS.test(piece)) return false;
  return fail(start, `received ${received(text, start)} after the type, expected "=" and a default, or ":" and a description`);
}

function readDescription(text: string, colon: number, fail: Fail): string | undefined {
  if (colon >= text.length) return undefined;
  const start = afterSpace(text, colon + 1);
  const description = text.slice(start);
  if (/^[=:]/.test(text.slice(colon + 1))) fail(colon, `received "${text.slice(colon, colon + 2)}", expected "=" and a default, or ":" and a description`);
  if (description === '') fail(colon, 'received ":" without a description: write one, or remove the colon');
  return description;
}

function afterSpace(text: string, from: number): number {
  return from + /^\s*/.exec(text.slice(from))![0].length;
}

function received(text: string, at: number): string {
  const word = /^\S*/.exec(text.slice(at))![0];
  return word === '' ? 'nothing' : `"${word}"`;
}
