import { Pieces } from '../base/sql-pieces';

/** Where a directive would be ignored. */
export type IgnoredPlace = 'after a statement' | 'in a block comment';

/** A comment that begins with `@`. */
export interface Directive {
  readonly name: string;
  /** What follows the name, without the white space around it. The lines of a description are joined. */
  readonly text: string;
  /** The positions of its `@` and of its text. */
  readonly start: number;
  readonly textStart: number;
  /** Present if it is in the wrong place. */
  readonly ignored?: IgnoredPlace;
}

/** The beginning of a directive: its dashes, its name, and the space behind it. */
const DIRECTIVE = /^(-{2,}\s*)@(\S*)(\s*)/;
const DASHES = /^-+/;
const BLOCK_DIRECTIVE = /^(\/\*+[^\S\n]*|[^\S\n]*(?:\*+[^\S\n]*)?)@(\w+)([^\S\n]*)(.*)/gm;

/**
 * The directives of a file.
 *
 * A description goes on over the `--` lines right below it, until an empty one, one with `@`, or the end of the comments. Other directives are
 * one line. In a block comment, only a `known` name makes a directive, because such comments have words with `@` for other tools.
 */
export function directivesIn(sql: string, known: readonly string[]): Directive[] {
  const directives: { -readonly [Key in keyof Directive]: Directive[Key] }[] = [];
  let isAfterStatement = false;
  let isDescription = false;
  for (const pieces = new Pieces(sql, 0); !pieces.atEnd; pieces.next()) {
    const { text: piece, start } = pieces;
    if (piece.startsWith('--')) {
      const [beginning, dashes, name] = DIRECTIVE.exec(piece) ?? [];
      if (beginning !== undefined) {
        const at = start + dashes!.length;
        const text = piece.slice(beginning.length).trimEnd();
        directives.push({ name: name!, text, start: at, textStart: start + beginning.length, ...(isAfterStatement && { ignored: 'after a statement' }) });
        isDescription = name === 'description' && !isAfterStatement;
      } else {
        const more = piece.replace(DASHES, '').trim();
        isDescription &&= more !== '';
        if (isDescription) directives.at(-1)!.text += ` ${more}`;
      }
    } else if (piece.startsWith('/*')) {
      isDescription = false;
      for (const { index, 1: beginning, 2: name, 3: space, 4: text } of piece.matchAll(BLOCK_DIRECTIVE)) {
        if (!known.includes(name!)) continue;
        const at = start + index + beginning!.length;
        directives.push({ name: name!, text: text!, start: at, textStart: at + 1 + name!.length + space!.length, ignored: 'in a block comment' });
      }
    } else if (piece.trim() === '') {
      isDescription &&= piece.indexOf('\n') === piece.lastIndexOf('\n');
    } else {
      isDescription = false;
      isAfterStatement ||= piece !== ';';
    }
  }
  return directives;
}
