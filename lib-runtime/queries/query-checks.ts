import type { DuckDBType } from '@duckdb/node-api';
import type { Declaration } from './declaration';
import { checkStatements, type ReadQueryFile } from './query-file';
import type { QueryParser } from './query-parser';
import type { SourceErrors } from './source-errors';
import { typedValue, unsupported, unsupportedPart } from './typed-value';
import { didYouMean } from '../base/did-you-mean';
import { messageOf } from '../base/errors';
import { placedStatements } from '../base/sql-text';
import { pathOf } from '../values/value-path';

/**
 * Checks what a query file says beyond its directives' form, and adds what is wrong to its errors.
 *
 * Without a parser, it checks what the text of the statements tells. With one, also the syntax, the types, and the defaults. If the function's
 * `databases` are known, it checks that the query's is one of them.
 */
export async function checkQuery(file: ReadQueryFile, parser: QueryParser | undefined, databases?: readonly string[]): Promise<void> {
  const { query: { sql }, declarations, errors } = file;
  if (databases !== undefined) checkDatabase(file, databases);
  if (parser !== undefined) await checkSyntax(sql, errors, parser);
  checkStatements(file);
  if (parser !== undefined) for (const declaration of declarations) await checkType(declaration, errors, parser);
}

function checkDatabase({ query: { database }, databaseStart, errors }: ReadQueryFile, databases: readonly string[]): void {
  if (database === undefined || databases.includes(database)) return;
  errors.add(databaseStart!, `received the database "${database}", which the function does not have${didYouMean(database, databases)}; it has: `
    + `${databases.map((each) => `"${each}"`).join(', ')}; declare others with the prop databases`);
}

async function checkSyntax(sql: string, errors: SourceErrors, parser: QueryParser): Promise<void> {
  const fault = await parser.syntaxFault(sql);
  if (fault === undefined) return;
  errors.add(fault.at ?? await startOfFault(sql, fault.message, parser), `DuckDB does not parse this: ${fault.message.replace(/\s*\n\s*/g, ' ')}`);
}

/** The beginning of the first statement with this fault, because DuckDB does not tell where it is. */
async function startOfFault(sql: string, message: string, parser: QueryParser): Promise<number> {
  for (const { text, start } of placedStatements(sql)) if ((await parser.syntaxFault(text))?.message === message) return start;
  return 0;
}

async function checkType(declaration: Declaration, errors: SourceErrors, parser: QueryParser): Promise<void> {
  const { kind, type: sql, typeStart } = declaration;
  const { type, fault } = await parser.type(sql);
  if (fault !== undefined) errors.add(typeStart, `received the type ${sql}: ${fault}`);
  if (type === undefined || kind === 'column') return;
  const part = unsupportedPart(type);
  if (part === undefined) convertDefault(declaration, type, errors);
  else errors.add(typeStart, `received the type ${sql}, and ${unsupported(part)}`);
}

/** Converts the default as the runtime will. */
function convertDefault({ defaultValue, defaultStart }: Declaration, type: DuckDBType, errors: SourceErrors): void {
  if (defaultStart === undefined) return;
  try {
    typedValue(defaultValue, type);
  } catch (error) {
    errors.add(defaultStart, `the default${pathOf(error)} ${messageOf(error)}`);
  }
}
