import { isRemote } from './files';
import { splitStatements } from './sql-text';

const ATTACH = /^ATTACH\b/i;
const FIRST_STRING = /'[^']*(?:''[^']*)*'|\be'[^'\\]*(?:(?:\\[\s\S]|'')[^'\\]*)*'|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$/i;
const OTHER_TYPE = /\(\s*(?:[^)]*,)?\s*TYPE\s+['"]?(?!duckdb\b)\w/i;

/** Whether running `sql` may change which files are attached. */
export function mayAttach(sql: string): boolean {
  return /\b(?:AT|DE)TACH\b/i.test(sql);
}

/** The database files that the ATTACH statements in `sql` are about to open. */
export function attachedPaths(sql: string): string[] {
  return splitStatements(sql).filter((statement) => ATTACH.test(statement) && !OTHER_TYPE.test(statement)).flatMap((statement) => {
    const path = stringIn(statement);
    return path === undefined || path === '' || path.startsWith(':') || isRemote(path) ? [] : [path];
  });
}

function stringIn(statement: string): string | undefined {
  const literal = FIRST_STRING.exec(statement)?.[0];
  if (literal === undefined) return undefined;
  if (literal.startsWith('$')) return literal.slice(literal.indexOf('$', 1) + 1, literal.lastIndexOf('$', literal.length - 2));
  const body = literal.slice(literal.indexOf("'") + 1, -1).replaceAll("''", "'");
  return literal.startsWith("'") ? body : body.replace(/\\(.)/g, '$1');
}
