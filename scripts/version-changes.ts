import type { TestedVersions } from '../src/tested-versions';

/** The differences between two tables of versions, one line for each kind of name. */
export function changes(before: TestedVersions, after: TestedVersions): string[] {
  const aliases = ({ extensions }: TestedVersions) => Object.entries(extensions.aliases).map(([alias, name]) => `${alias} (${name})`);
  return [
    moved('@duckdb/node-api', before.client, after.client),
    moved('DuckDB', before.duckdb, after.duckdb),
    named('core extensions', before.extensions.core, after.extensions.core),
    named('built-in extensions', before.extensions.builtIn, after.extensions.builtIn),
    named('aliases', aliases(before), aliases(after)),
    named('settings', before.settings, after.settings),
  ].filter((line) => line !== undefined);
}

function moved(what: string, before: string, after: string): string | undefined {
  return before === after ? undefined : `${what}: ${before} -> ${after}`;
}

function named(what: string, before: readonly string[], after: readonly string[]): string | undefined {
  const added = without(after, before).map((name) => `+ ${name}`);
  const removed = without(before, after).map((name) => `- ${name}`);
  return added.length + removed.length === 0 ? undefined : `${what}: ${[...added, ...removed].join(', ')}`;
}

function without(names: readonly string[], others: readonly string[]): string[] {
  return names.filter((name) => !others.includes(name));
}

/** Files that name the tested version for their readers, and change with it. */
export const MENTIONS = ['README.md', 'docs/extensions.md', 'docs/query-functions.md', 'docs/support.md', 'lib-runtime/client/client.ts'];

/** A text in which the versions of one table are replaced by those of another. */
export function renamed(text: string, before: TestedVersions, after: TestedVersions): string {
  const versions = new Map([[before.duckdb, after.duckdb], [before.client, after.client]]);
  return text.replace(/(?<![\d.])\d+\.\d+\.\d+(?:-r\.\d+)?(?!\.?\d)/g, (version) => versions.get(version) ?? version);
}
