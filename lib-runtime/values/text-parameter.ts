/** Throws for text that has no UTF-8: the client would put U+FFFD in its place. */
export function checkText(text: string): void {
  // TypeScript's library for ES2024 has it, Node.js 20 too.
  if ((text as unknown as { isWellFormed(): boolean }).isWellFormed()) return;
  const index = /\p{Surrogate}/u.exec(text)!.index;
  throw new RangeError(`the text has half of a surrogate pair at ${index} (\\u${text.charCodeAt(index).toString(16)}), which is not a character: ` +
    'it was cut within one, or is not text; pass text.toWellFormed(), or bytes as a Uint8Array');
}

/** Throws for what cannot be the name of a field: C ends text at a NUL. */
export function checkName(name: string): void {
  checkText(name);
  if (name === '') throw new RangeError('a key is empty, and DuckDB would take it for a field without a name: rename it');
  if (name.includes('\0')) throw new RangeError(`the key ${JSON.stringify(name)} has a NUL in it, which no name in SQL has: rename it`);
}
