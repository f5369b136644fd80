/** A fault at a position of a file's text. */
export class SourceFault extends Error {
  constructor(readonly at: number, message: string) {
    super(message);
  }
}

/** The errors of one file, each with its line and its column. A column counts characters from 1; a tab is one, and so is one beyond UTF-16's first 65,536. */
export class SourceErrors {
  private readonly faults: SourceFault[] = [];

  constructor(private readonly file: string, private readonly text: string) {}

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
    return [...this.faults].sort((a, b) => a.at - b.at).map(({ at, message }) => `${this.file}:${this.lineOf(at)}:${this.columnOf(at)}: ${message}`);
  }

  lineOf(at: number): number {
    return this.text.slice(0, at).split('\n').length;
  }

  private columnOf(at: number): number {
    return [...this.text.slice(this.text.lastIndexOf('\n', at - 1) + 1, at)].length + 1;
  }
}
