import { AbortedError, messageOf } from '../base/errors';

/** Where a response is written: the part of a Node.js `Writable` that is needed. */
export interface ResponseTarget {
  readonly destroyed?: boolean;
  write(chunk: string | Uint8Array): boolean;
  end(callback?: () => void): unknown;
  once(event: string, listener: (...args: any[]) => void): unknown;
  removeListener(event: string, listener: (...args: any[]) => void): unknown;
}

/** The reader of a response. It reads at its own pace, and may disconnect at any time, even while nothing is written. */
export class Reader {
  private hasBegun = false;
  private readonly gone: Promise<never>;
  private isGone = false;
  private readonly listeners: Record<string, (error?: unknown) => void> = {};

  constructor(private readonly response: ResponseTarget) {
    this.gone = new Promise((_, reject) => {
      const leave = (message: string, cause?: unknown) => {
        this.isGone = true;
        reject(new AbortedError(`${message}: its reader has disconnected, or something else has ended it`, { cause }));
      };
      this.listeners.error = (error) => leave(`the response failed before it was written (${messageOf(error)})`, error);
      this.listeners.close = () => leave('the response was closed before it was written');
    });
    this.gone.catch(() => undefined);
    for (const [name, listener] of Object.entries(this.listeners)) response.once(name, listener);
    if (response.destroyed) this.listeners.close!();
  }

  /** Writes a part, and waits until more may be written. Throws if the reader has disconnected. */
  async take(part: string | Uint8Array): Promise<void> {
    if (this.isGone) await this.gone;
    this.hasBegun = true;
    if (!this.response.write(part)) await this.until('drain');
  }

  /** Ends the response, and waits until all of it was taken. Throws if the reader has disconnected. */
  async finish(): Promise<void> {
    if (this.isGone) await this.gone;
    await this.until('finish', () => this.response.end());
  }

  /** Writes a last part to a reader that has already received something. */
  async tell(part: string | Uint8Array): Promise<void> {
    if (this.hasBegun && !this.isGone) this.response.write(part);
  }

  leave(): void {
    for (const [name, listener] of Object.entries(this.listeners)) this.response.removeListener(name, listener);
  }

  private async until(event: string, begin?: () => void): Promise<void> {
    let onEvent!: () => void;
    const happened = new Promise<void>((resolve) => onEvent = resolve);
    this.response.once(event, onEvent);
    begin?.();
    await Promise.race([happened, this.gone]).finally(() => this.response.removeListener(event, onEvent));
  }
}
