import type { Declaration } from './declaration';
import type { SourceErrors } from './source-errors';
import { didYouMean } from '../base/did-you-mean';
import { type Placeholder, placeholdersIn } from '../base/placeholders';
import { shown } from '../base/shown';

/**
 * Checks that each parameter is declared, and each declared one used. `faulty` are the names of parameters whose declarations have errors of their
 * own.
 *
 * The text tells the names: DuckDB's parser tells them only for SELECT, and the same ones.
 */
export function checkDeclaredUses(sql: string, declared: readonly Declaration[], faulty: readonly string[], errors: SourceErrors): void {
  const firstUses = new Map<string | undefined, Placeholder>();
  for (const { name, at } of placeholdersIn(sql)) {
    const isNumbered = name === undefined || /^\d/.test(name);
    const key = isNumbered ? undefined : name.toLowerCase();
    if (!firstUses.has(key)) firstUses.set(key, { at, ...(!isNumbered && { name }) });
  }
  for (const { name, nameStart } of declared) {
    if (firstUses.delete(name.toLowerCase())) continue;
    errors.add(nameStart, `received the parameter "${name}", which no statement uses: write $${name} where its value goes, or remove the line`);
  }
  for (const name of faulty) firstUses.delete(name.toLowerCase());
  for (const { name, at } of firstUses.values()) errors.add(at, name === undefined ? POSITIONAL : undeclared(name, declared));
}

const POSITIONAL = 'received a parameter without a name, and events give values by name: declare it with -- @param month VARCHAR, and write $month here';

function undeclared(name: string, declared: readonly Declaration[]): string {
  const hint = didYouMean(name, declared.map((each) => each.name));
  return /^[A-Za-z_]\w*$/.test(name)
    ? `received $${name}, which is not declared${hint}; declare it in the head of the file, as in -- @param ${name} VARCHAR`
    : `received the parameter ${shown(name)}, expected a name of letters of ASCII, digits and _${hint}`;
}
