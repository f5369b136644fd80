/** Nested maps, as the indentation of a lock file nests them. */
export interface IndentedText {
  [key: string]: string | IndentedText;
}

/**
 * Reads the format of yarn and pnpm: a key with its value on the same line, or with its contents indented below.
 *
 * The format is a small part of YAML, and yarn 1's format too. A YAML library would take a second for a large lock file, at each synthesis.
 */
export function parseIndented(text: string): IndentedText {
  const root = newMap();
  const open = [{ indent: -1, content: root }];
  for (const line of text.split('\n')) {
    const [, { length: indent }, statement] = line.match(/^( *)([^]*?)\s*$/)!;
    if (statement === '' || statement === ':' || statement.startsWith('#')) continue;
    while (open.at(-1)!.indent >= indent) open.pop();
    const [key, value] = keyAndValue(statement);
    // Lines below a value continue it, such as a long text. They go into a map that is not used.
    const content = newMap();
    open.at(-1)!.content[key] = value ?? content;
    open.push({ indent, content });
  }
  return root;
}

/** The map below a key; empty if there is none. */
export function mapAt(parent: IndentedText, key: string): IndentedText {
  const found = parent[key];
  return typeof found === 'object' ? found : {};
}

/** The value of a key. */
export function textAt(parent: IndentedText, key: string): string | undefined {
  const found = parent[key];
  return typeof found === 'string' ? found : undefined;
}

export function unquoted(text: string): string {
  const [, quote, inner] = text.match(/^(["'])([^"']*)\1$/) ?? [];
  return quote ? inner : text;
}

/** `key:`, `key: value`, yarn 1's `key value`, and `? key` for a long key, whose colon is on the next line. */
function keyAndValue(statement: string): [key: string, value?: string] {
  const long = statement.match(/^\? (.*)$/);
  if (long) return [unquoted(long[1])];
  if (statement.endsWith(':')) return [unquoted(statement.slice(0, -1))];
  const [, key, value] = statement.match(/^("[^"]*"|'[^']*'|\S+?):? (.*)$/) ?? [undefined, statement, ''];
  return [unquoted(key), unquoted(value)];
}

function newMap(): IndentedText {
  return Object.create(null);
}
