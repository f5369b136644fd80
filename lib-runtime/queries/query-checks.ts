import type { Declaration } from './declaration';
import { type Placeholder, placeholdersIn } from './placeholders';
import type { ReadQueryFile } from './query-file';
import type { QueryParser } from './query-parser';
import type { SourceErrors } from './source-errors';
import { didYouMean } from '../base/did-you-mean';
import { shown } from '../base/shown';
import { placedStatements } from '../base/sql-text';

/**
 * Checks what a query file says beyond its directives' form, and adds what is wrong to its errors.
 *
 * Without a parser, it checks that parameters are declared and used. With one, also the syntax, the types, and the defaults of simple types.
 */
export async function checkQuery({ query: { sql }, declarations, errors }: ReadQueryFile, parser: QueryParser | undefined): Promise<void> {
  if (parser !== undefined) await checkSyntax(sql, errors, parser);
  checkPlaceholders(await placeholders(sql, parser), declarations.filter(({ kind }) => kind === 'param'), errors);
  if (parser !== undefined) for (const declaration of declarations) await checkType(declaration, errors, parser);
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

/** The placeholders of all statements: DuckDB's own names where it tells them, otherwise those that the text shows. */
async function placeholders(sql: string, parser: QueryParser | undefined): Promise<Placeholder[]> {
  if (parser === undefined) return placeholdersIn(sql);
  const each = placedStatements(sql).map(async ({ text, start }) => {
    const seen = placeholdersIn(text);
    const names = await parser.parameterNames(text);
    return (names === undefined ? seen : named(names, seen)).map(({ name, at }) => ({ name, at: start + at }));
  });
  return (await Promise.all(each)).flat();
}

/** The parameters with these names, where the text shows them, or at its beginning. */
function named(names: readonly string[], seen: readonly Placeholder[]): Placeholder[] {
  return names.flatMap((key) => {
    const name = /^\d+$/.test(key) ? undefined : key;
    const places = seen.filter((each) => each.name?.toLowerCase() === name?.toLowerCase());
    return places.length > 0 ? places : [{ name, at: 0 }];
  });
}

function checkPlaceholders(used: readonly Placeholder[], declared: readonly Declaration[], errors: SourceErrors): void {
  const names = new Set(declared.map(({ name }) => name.toLowerCase()));
  const reported = new Set<string | undefined>();
  for (const { name, at } of used) {
    const key = name?.toLowerCase();
    if (reported.has(key) || (key !== undefined && names.has(key))) continue;
    reported.add(key);
    errors.add(at, name === undefined ? POSITIONAL : undeclared(name, declared));
  }
  const usedNames = new Set(used.map(({ name }) => name?.toLowerCase()));
  for (const { name, nameStart } of declared) {
    if (!usedNames.has(name.toLowerCase())) errors.add(nameStart, `received the parameter "${name}", which no statement uses: write $${name} where its value goes, or remove the line`);
  }
}

const POSITIONAL = 'received a parameter without a name, and events give values by name: declare it with -- @param month VARCHAR, and write $month here';

function undeclared(name: string, declared: readonly Declaration[]): string {
  const hint = didYouMean(name, declared.map((each) => each.name));
  return /^[A-Za-z_]\w*$/.test(name)
    ? `received $${name}, which is not declared${hint}; declare it in the head of the file, as in -- @param ${name} VARCHAR`
    : `received the parameter ${shown(name)}, expected a name of letters of ASCII, digits and _${hint}`;
}

/** Types whose defaults the runtime reads in its own way. */
const OWN_TEXT = /^(?:BLOB|BYTEA|BINARY|VARBINARY|JSON|BIT|BITSTRING|VARIANT)\b/i;

async function checkType({ type, defaultValue, typeStart, defaultStart }: Declaration, errors: SourceErrors, parser: QueryParser): Promise<void> {
  const fault = await parser.typeFault(type);
  if (fault !== undefined) errors.add(typeStart, `received the type ${type}: ${fault}`);
  if (fault !== undefined || defaultStart === undefined || defaultValue === null || typeof defaultValue === 'object' || OWN_TEXT.test(type)) return;
  const castFault = await parser.castFault(String(defaultValue), type);
  if (castFault !== undefined) errors.add(defaultStart, `received the default ${shown(defaultValue)} for the type ${type}: ${castFault}`);
}
