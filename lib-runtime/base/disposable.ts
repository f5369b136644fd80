declare global {
  interface SymbolConstructor {
    /** Declared here too, as the caller's `lib` may lack it. */
    readonly asyncDispose: unique symbol;
  }
}

/** What `await using` closes; `AsyncDisposable`, which the caller's `lib` may not know. */
export interface AsyncDisposableLike {
  /** Closes it, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void>;
}
