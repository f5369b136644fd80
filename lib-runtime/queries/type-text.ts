/** The text of the type of a list's items; undefined if `type` is not a list or an array. */
export function elementType(type: string): string | undefined {
  return /^(.*)(?:\[\d*\]|\sARRAY(?:\s*\[\d*\])?)$/is.exec(type.trim())?.[1];
}

/** Whether values of the type have names of their own: structs, maps and unions. */
export function isNestedType(type: string): boolean {
  return /^\s*(?:STRUCT|ROW|MAP|UNION)\b/i.test(type) && elementType(type) === undefined;
}
