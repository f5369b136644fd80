/** The class of `value`, for messages. Shortened, because the name may be anything. */
export function className(value: object): string {
  const name: unknown = value.constructor?.name;
  return typeof name === 'string' && /^[\w$]{1,60}$/.test(name) ? name : 'value';
}

/** `an ArrayBuffer`, `a Map`, `a URL`. */
export function withArticle(name: string): string {
  return `${/^(?:[aeio]|und)/i.test(name) ? 'an' : 'a'} ${name}`;
}
