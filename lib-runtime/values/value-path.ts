/** The path in a value at which `error` arose. */
export function pathOf(error: unknown): string {
  // Does not check the class, because the chunk has its own copy of it.
  return (error as { partOfValue?: string } | undefined)?.partOfValue ?? '';
}
