import type { Readable, Writable } from 'node:stream';

type Fields = Readonly<Record<string, any>>;

interface Call {
  readonly resolve: (result: Fields) => void;
  readonly reject: (error: Error) => void;
}

/** Chromium's DevTools protocol over its pipes: messages in JSON, each with a zero byte at its end. */
export class DevTools {
  private readonly calls = new Map<number, Call>();
  private lastId = 0;

  constructor(private readonly input: Writable, output: Readable) {
    let rest = '';
    output.setEncoding('utf8').on('data', (text: string) => {
      const messages = (rest + text).split('\0');
      rest = messages.pop()!;
      for (const message of messages) this.settle(JSON.parse(message));
    });
    output.once('close', () => this.end());
    input.on('error', () => undefined); // the output closes too
  }

  /** Calls a method, of a page if its session is given. */
  async call(method: string, params: Fields = {}, sessionId?: string): Promise<Fields> {
    return new Promise((resolve, reject) => {
      const id = ++this.lastId;
      this.calls.set(id, { resolve, reject });
      this.input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  /** Other messages are events, which nobody has asked for. */
  private settle({ id, result, error }: Fields): void {
    const call = this.calls.get(id);
    this.calls.delete(id);
    if (error === undefined) call?.resolve(result);
    else call?.reject(new Error(error.message));
  }

  private end(): void {
    for (const { reject } of this.calls.values()) reject(new Error('the browser has ended'));
    this.calls.clear();
  }
}
