/** Where in a value `error` is from. */
export function pathOf(error: unknown): string {
  // Not by its class: there is another one in the chunk.
  return (error as { partOfValue?: string } | undefined)?.partOfValue ?? '';
}
