/** A fault at a position of a file's text. */
export class SourceFault extends Error {
  constructor(readonly at: number, message: string) {
    super(message);
  }
}

/** The errors of one file. Each has a line and a column, which counts characters from 1: a tab is one, and so is a character that UTF-16 writes as two. */
export class SourceErrors {
  private readonly faults: SourceFault[] = [];
  private readonly lineStarts = [0];

  constructor(private readonly file: string, private readonly text: string) {
    for (const { index } of text.matchAll(/\n/g)) this.lineStarts.push(index + 1);
  }

  get isEmpty(): boolean {
    return this.faults.length === 0;
  }

  add(at: number, message: string): void {
    this.faults.push(new SourceFault(at, message));
  }

  /** Calls `read` and keeps the fault that it throws. */
  catch(read: () => void): void {
    try {
      read();
    } catch (fault) {
      if (!(fault instanceof SourceFault)) throw fault;
      this.faults.push(fault);
    }
  }

  /** `file:line:column: message` for each error, in the order of the text. */
  lines(): string[] {
    let [line, position, column] = [0, 0, 1];
    return [...this.faults].sort((a, b) => a.at - b.at).map(({ at, message }) => {
      if (this.lineOf(at) !== line) [line, position, column] = [this.lineOf(at), this.lineStarts[this.lineOf(at) - 1]!, 1];
      column += [...this.text.slice(position, at)].length;
      position = at;
      return `${this.file}:${line}:${column}: ${message}`;
    });
  }

  lineOf(at: number): number {
    let [low, high] = [0, this.lineStarts.length];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.lineStarts[middle]! <= at) low = middle;
      else high = middle;
    }
    return low + 1;
  }
}
