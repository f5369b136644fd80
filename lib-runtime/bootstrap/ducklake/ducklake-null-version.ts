import { QueryError } from '../../base/errors';
import { isBlank, Pieces } from '../../base/sql-pieces';
import { excerpt } from '../../base/sql-text';

const MAY_BE_NULL = /AT\s*\(\s*VERSION\s*=>\s*(?:NULL|\$|\?|CAST)/i;
/** NULL, or a parameter with a cast, which DuckLake evaluates before it has a value. */
const IS_NULL = /\bAT\(VERSION=>(?:NULL\)|CAST\([$?]|[$?]\w*::)/i;

/** Refuses a version of a snapshot that DuckLake takes for NULL, which would make the instance unusable. */
export function refuseNullVersion(sql: string): void {
  if (!MAY_BE_NULL.test(sql) || !IS_NULL.test(withoutBlanks(sql))) return;
  throw new QueryError('AT (VERSION => ...) needs the number of a snapshot, or a parameter without a cast, such as $version: NULL, and a parameter with a cast, ' +
    `would make the DuckDB instance unusable\n\nin: ${excerpt(sql)}`);
}

/** Without comments, and without white space where it means nothing to `IS_NULL`. */
function withoutBlanks(sql: string): string {
  let text = '';
  for (const pieces = new Pieces(sql, 0); !pieces.atEnd; pieces.next()) {
    const piece = pieces.text;
    if (isBlank(piece)) text += /\w$/.test(text) ? ' ' : '';
    else text = /^\w/.test(piece) ? text + piece : text.trimEnd() + (piece.startsWith("'") ? "''" : piece);
  }
  return text;
}
