/** Throws for text that UTF-8 cannot encode. The client would replace it with U+FFFD. */
export function checkText(text: string): void {
  // Node.js 20 has it, but TypeScript declares it only for ES2024.
  if ((text as unknown as { isWellFormed(): boolean }).isWellFormed()) return;
  const index = /\p{Surrogate}/u.exec(text)!.index;
  throw new RangeError(`the text has half of a surrogate pair at ${index} (\\u${text.charCodeAt(index).toString(16)}), which is not a character: ` +
    'the text was cut within a pair, or is not text; pass text.toWellFormed(), or bytes as a Uint8Array');
}

/** Throws for text that cannot be the name of a field. C ends text at a NUL. */
export function checkName(name: string): void {
  checkText(name);
  if (name === '') throw new RangeError('a key is empty, and DuckDB would treat it as a field without a name: rename it');
  if (name.includes('\0')) throw new RangeError(`the key ${JSON.stringify(name)} contains a NUL, which a name in SQL cannot contain: rename it`);
}
