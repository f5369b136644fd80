import type { QueryFile } from './query-file';
import { didYouMean } from '../base/did-you-mean';
import { QueryError } from '../base/errors';
import { quotedIdentifier } from '../base/sql-text';
import type { Cursor } from '../cursor/types';
import type { Column } from '../values/column';

/** Throws `QUERY` if a column that `query` declares is not in its answer, or has another type there. */
export async function checkDeclaredColumns(cursor: Cursor, { name, file, columns: declared }: QueryFile, columns: readonly Column[]): Promise<void> {
  const found = declared.map((declaration) => {
    const column = columns.find((each) => each.name === declaration.name);
    if (column !== undefined) return { ...declaration, actual: column.type };
    const names = columns.map((each) => each.name);
    throw new QueryError(`the answer of "${name}" has no column ${quotedIdentifier(declaration.name)}, which ${file}:${declaration.line} declares` +
      `${didYouMean(declaration.name, names)}; its columns are: ${names.map(quotedIdentifier).join(', ')}`);
  });
  const others = found.filter(({ type, actual }) => type.toUpperCase() !== actual.toUpperCase());
  if (others.length === 0) return;
  // A type has several names: INT is INTEGER.
  const { columns: types } = await cursor.queryResult(`SELECT ${others.map(({ type }, index) => `CAST(NULL AS ${type}) AS "${index}"`).join(', ')}`);
  const wrong = others.find(({ actual }, index) => types[index]!.type !== actual);
  if (wrong === undefined) return;
  throw new QueryError(`the column ${quotedIdentifier(wrong.name)} of the answer of "${name}" is ${wrong.actual}, but ${file}:${wrong.line} declares ${wrong.type}: ` +
    `cast it in the SQL, or declare ${wrong.actual}`);
}
