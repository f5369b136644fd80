import type { DuckDBType } from '@duckdb/node-api';
import type { Declaration } from './declaration';
import type { ReadQueryFile } from './query-file';
import type { QueryParser } from './query-parser';
import type { SourceErrors } from './source-errors';
import { typedValue, unsupportedPart } from './typed-value';
import { didYouMean } from '../base/did-you-mean';
import { messageOf } from '../base/errors';
import { type Placeholder, placeholdersIn } from '../base/placeholders';
import { shown } from '../base/shown';
import { placedStatements } from '../base/sql-text';
import { pathOf } from '../values/value-path';

/**
 * Checks what a query file says beyond its directives' form, and adds what is wrong to its errors.
 *
 * Without a parser, it checks that parameters are declared and used. With one, also the syntax, the types, and the defaults. If the function's
 * `databases` are known, it checks that the query's is one of them.
 */
export async function checkQuery(file: ReadQueryFile, parser: QueryParser | undefined, databases?: readonly string[]): Promise<void> {
  const { query: { sql }, declarations, errors } = file;
  if (databases !== undefined) checkDatabase(file, databases);
  if (parser !== undefined) await checkSyntax(sql, errors, parser);
  checkUses(file);
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

/**
 * Checks that each parameter is declared, and each declared one used. One whose declaration has an error is not reported again.
 *
 * The text tells the names: DuckDB's parser tells them only for SELECT, and the same ones.
 */
function checkUses({ query: { sql }, declarations, misdeclared, errors }: ReadQueryFile): void {
  const declared = declarations.filter(({ kind }) => kind === 'param');
  const firstUses = new Map<string | undefined, Placeholder>();
  for (const { name, at } of placeholdersIn(sql)) {
    const isNumbered = name === undefined || /^\d/.test(name);
    const key = isNumbered ? undefined : name.toLowerCase();
    if (!firstUses.has(key) && !(key !== undefined && misdeclared.has(key))) firstUses.set(key, { at, ...(!isNumbered && { name }) });
  }
  for (const { name, nameStart } of declared) {
    if (firstUses.delete(name.toLowerCase())) continue;
    errors.add(nameStart, `received the parameter "${name}", which no statement uses: write $${name} where its value goes, or remove the line`);
  }
  for (const { name, at } of firstUses.values()) errors.add(at, name === undefined ? POSITIONAL : undeclared(name, declared));
}

const POSITIONAL = 'received a parameter without a name, and events give values by name: declare it with -- @param month VARCHAR, and write $month here';

function undeclared(name: string, declared: readonly Declaration[]): string {
  const hint = didYouMean(name, declared.map((each) => each.name));
  return /^[A-Za-z_]\w*$/.test(name)
    ? `received $${name}, which is not declared${hint}; declare it in the head of the file, as in -- @param ${name} VARCHAR`
    : `received the parameter ${shown(name)}, expected a name of letters of ASCII, digits and _${hint}`;
}

async function checkType(declaration: Declaration, errors: SourceErrors, parser: QueryParser): Promise<void> {
  const { kind, type: sql, typeStart } = declaration;
  const { type, fault } = await parser.type(sql);
  if (fault !== undefined) errors.add(typeStart, `received the type ${sql}: ${fault}`);
  if (type === undefined || kind === 'column') return;
  const part = unsupportedPart(type);
  if (part === undefined) convertDefault(declaration, type, errors);
  else errors.add(typeStart, `received the type ${sql}, and values of ${part} cannot be parameters: declare it as VARCHAR or JSON, and convert it in the SQL`);
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
