/** Whether `text` has no half of a surrogate pair, which UTF-8 does not have. */
export function isWellFormed(text: string): boolean {
  // Node.js 20 has it, but TypeScript declares it only for ES2024.
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}
