import { Pieces } from '../base/sql-pieces';

/** A place of SQL where a parameter's value goes. */
export interface Placeholder {
  /** The parameter's name; undefined for `?`, `?1` and `$1`. */
  readonly name?: string;
  /** The placeholder's position in the SQL. */
  readonly at: number;
}

const BLANK = /^(?:\s|--|\/\*)/;
const NAME = /^(?:[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|"((?:[^"]|"")+)")/;

/** The placeholders in `sql`, without DuckDB: not those in strings, quoted names and comments. */
export function placeholdersIn(sql: string): Placeholder[] {
  const placeholders: Placeholder[] = [];
  let dollar: number | undefined;
  for (const pieces = new Pieces(sql, 0); !pieces.atEnd; pieces.next()) {
    const { text, start } = pieces;
    // DuckDB allows white space and comments behind the dollar.
    if (BLANK.test(text)) continue;
    if (dollar !== undefined) {
      const [name, quoted] = NAME.exec(text) ?? [];
      if (name !== undefined) placeholders.push({ name: quoted?.replaceAll('""', '"') ?? name, at: dollar });
      else if (/^\d/.test(text)) placeholders.push({ at: dollar });
    }
    if (text === '?') placeholders.push({ at: start });
    dollar = text === '$' ? start : undefined;
  }
  return placeholders;
}
