import type { DuckDBType } from '@duckdb/node-api';
import { loadApi } from '../client/client';

/** Text, comments, and the placeholders between them. */
const PIECE = /'[^']*(?:''[^']*)*'|"[^"]*(?:""[^"]*)*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|\$(\w+)|\?(\d*)/g;

/** The number of characters that are examined before a placeholder. */
const MOST_OF_A_CAST = 100;

/**
 * The type of the placeholder `name`, if `sql` casts it to JSON, BIGNUM or lists of them. The way to bind it depends on these types.
 *
 * DuckDB reports no types for a statement with a placeholder whose type it cannot determine, and no type for a placeholder that is cast twice.
 */
export function placeholderCast(sql: string, name: string): DuckDBType | undefined {
  let questionMarks = 0;
  for (const piece of sql.matchAll(PIECE)) {
    const isQuestionMark = piece[0].startsWith('?');
    if (isQuestionMark) questionMarks += 1;
    const placeholder = piece[2] ?? (isQuestionMark ? piece[3] || String(questionMarks) : undefined);
    if (placeholder?.toLowerCase() !== name.toLowerCase()) continue;
    const cast = castAfter(sql.slice(piece.index + piece[0].length), sql.slice(Math.max(0, piece.index - MOST_OF_A_CAST), piece.index));
    if (cast) return cast;
  }
  return undefined;
}

function castAfter(after: string, before: string): DuckDBType | undefined {
  const isCall = /\b(?:TRY_)?CAST\s*\(\s*$/i.test(before);
  const cast = (isCall ? /^\s+AS\s+(JSON|BIGNUM)((?:\s*\[\s*\])*)\s*\)/i : /^\s*::\s*(JSON|BIGNUM)\b((?:\s*\[\s*\])*)(?!\s*\[)/i).exec(after);
  if (!cast) return undefined;
  const { BIGNUM, LIST, DuckDBVarCharType } = loadApi();
  const type = cast[1]!.toUpperCase() === 'JSON' ? DuckDBVarCharType.create('JSON') : BIGNUM;
  return [...cast[2]!.matchAll(/\]/g)].reduce<DuckDBType>((item) => LIST(item), type);
}
