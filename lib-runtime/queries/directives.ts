import type { SourceErrors } from './source-errors';
import { Pieces } from '../base/sql-pieces';

/** A `--` comment that begins with `@`. */
export interface Directive {
  readonly name: string;
  /** What follows the name, without the white space around it. The lines of a description are joined. */
  readonly text: string;
  /** The positions of its `@` and of its text. */
  readonly start: number;
  readonly textStart: number;
  readonly isAfterStatement: boolean;
}

/** The beginning of a directive: its dashes, its name, and the space behind it. */
const DIRECTIVE = /^(-{2,}\s*)@(\S*)(\s*)/;
const DASHES = /^-+/;
const BLOCK_DIRECTIVE = /^(?:\/\*+[^\S\n]*|[^\S\n]*(?:\*+[^\S\n]*)?)@(\w+)/gm;

/**
 * The directives of a file.
 *
 * A description goes on over the `--` lines right below it, until an empty one, one with `@`, or the end of the comments. Other directives are
 * one line. In a block comment, one of the `known` directives is an error, because it would be ignored.
 */
export function directivesIn(sql: string, known: readonly string[], errors: SourceErrors): Directive[] {
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
        directives.push({ name: name!, text, start: at, textStart: start + beginning.length, isAfterStatement });
        isDescription = name === 'description' && !isAfterStatement;
      } else {
        const more = piece.replace(DASHES, '').trim();
        isDescription &&= more !== '';
        if (isDescription) directives.at(-1)!.text += ` ${more}`;
      }
    } else if (piece.startsWith('/*')) {
      isDescription = false;
      for (const block of piece.matchAll(BLOCK_DIRECTIVE)) {
        const at = start + block.index + block[0].lastIndexOf('@');
        if (known.includes(block[1]!)) errors.add(at, `@${block[1]} is in a block comment, where it would be ignored: begin its line with --`);
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
