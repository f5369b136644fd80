declare global {
  interface SymbolConstructor {
    /** Declared here too, because the caller's `lib` may lack it. */
    readonly asyncDispose: unique symbol;
  }
}

/** An object that `await using` closes: `AsyncDisposable`, which the caller's `lib` may not know. */
export interface AsyncDisposableLike {
  /** Closes the object at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void>;
}
