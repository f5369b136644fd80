import { isRemote } from './files';
import { isBlank, Pieces, stringIn } from '../base/sql-pieces';
import type { Statement } from '../execution/statement';

const ATTACH = /^ATTACH\b/i;

/** An ATTACH statement, as far as it shows which file it opens. */
interface Attachment {
  readonly path: string | undefined;
  /** Its option TYPE, in lower case. */
  readonly type: string | undefined;
}

/** The database files that the ATTACH statements in `statement` are about to open. */
export function attachedPaths(statement: Statement): string[] {
  return statement.parts.filter((part) => ATTACH.test(part)).map(read).flatMap(({ path, type }) => (
    path === undefined || path === '' || path.startsWith(':') || isRemote(path) || (type !== undefined && type !== 'duckdb') ? [] : [path]
  ));
}

function read(statement: string): Attachment {
  let path: string | undefined;
  let type: string | undefined;
  let depth = 0;
  let before = '';
  for (const pieces = new Pieces(statement, 0); !pieces.atEnd; pieces.next()) {
    const { text } = pieces;
    if (isBlank(text)) continue;
    if (depth === 0) path ??= stringIn(text);
    else if (before === 'TYPE') type ??= (stringIn(text) ?? text.replaceAll('"', '')).toLowerCase();
    if (text === '(') depth += 1;
    if (text === ')') depth -= 1;
    // An option's name follows a parenthesis or a comma. Elsewhere, the word is a value.
    before = /^(?:\(|,)$/.test(before) && /^TYPE$/i.test(text) ? 'TYPE' : text;
  }
  return { path, type };
}
