import { SourceFault } from './source-errors';
import { shown } from '../base/shown';

/** What follows a directive's name, read by positions. */
export class DirectiveText {
  /** `start` is its position in the file. */
  constructor(readonly text: string, private readonly start: number) {}

  inFile(position: number): number {
    return this.start + position;
  }

  slice(from: number, to?: number): string {
    return this.text.slice(from, to);
  }

  match(pattern: RegExp, from = 0): RegExpExecArray | null {
    return pattern.exec(this.text.slice(from));
  }

  has(character: string, position: number): boolean {
    return this.text[position] === character;
  }

  endsAt(position: number): boolean {
    return position >= this.text.length;
  }

  afterSpace(from: number): number {
    return from + this.match(/^\s*/, from)![0].length;
  }

  /** The word at a position, for messages. */
  wordAt(position: number): string {
    const word = this.match(/^\S*/, position)![0];
    return word === '' ? 'nothing' : shown(word);
  }

  fail(position: number, message: string): never {
    throw new SourceFault(this.inFile(position), message);
  }
}
