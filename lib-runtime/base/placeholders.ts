import { Pieces } from './sql-pieces';

/** A place of SQL where a parameter's value goes. */
export interface Placeholder {
  /** `month` in `$month`, `1` in `$1`; undefined for `?`. */
  readonly name?: string;
  /** Its position in the SQL. */
  readonly at: number;
}

const BLANK = /^(?:\s|--|\/\*)/;
const NAME = /^(?:\d+|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|"((?:[^"]|"")+)")/;

/** The placeholders in `sql`, without DuckDB: not those in strings, quoted names and comments. */
export function placeholdersIn(sql: string): Placeholder[] {
  const placeholders: Placeholder[] = [];
  let dollar: number | undefined;
  for (const pieces = new Pieces(sql, 0); !pieces.atEnd; pieces.next()) {
    const { text, start } = pieces;
    // DuckDB allows white space and comments behind the dollar.
    if (BLANK.test(text)) continue;
    const [name, quoted] = (dollar !== undefined && NAME.exec(text)) || [];
    if (name !== undefined) placeholders.push({ name: quoted?.replaceAll('""', '"') ?? name, at: dollar! });
    if (text === '?') placeholders.push({ at: start });
    dollar = text === '$' ? start : undefined;
  }
  return placeholders;
}

/** The names of the placeholders in `sql`. */
export function parameterNames(sql: string): string[] {
  return placeholdersIn(sql).flatMap(({ name }) => name ?? []);
}
