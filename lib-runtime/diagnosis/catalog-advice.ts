import { createRequire } from 'node:module';
import type { Facts } from './facts';
import { missingCatalog, missingTable } from './missing-catalog';
import { byNearness, didYouMean } from '../base/did-you-mean';
import { DUCKDB, saysOneOf } from '../base/wording';

// A distinct name, so that bundlers leave this call alone.
const requireFromHere = createRequire(__filename);

const reader = () => requireFromHere('../base/catalog-names') as typeof import('../base/catalog-names');

/** Errors that do not name the catalog that DuckDB did not find. */
const NAMELESS = [DUCKDB.unknownFunction, DUCKDB.noTimeTravel];

/** Advice for a catalog, schema or table that DuckDB did not find. It lists the catalogs, and asks none of them for its tables. */
export function catalogHint(error: string, sql: string, facts: Facts): string | undefined {
  const provided = providedCatalogs(facts);
  const missing = missingCatalog(error) ?? (saysOneOf(NAMELESS, error) ? misspelt(sql, [...provided.keys()]) : undefined);
  if (missing !== undefined) return hintForCatalog(missing, provided, facts);
  const table = missingTable(error);
  return table === undefined || provided.size === 0 ? undefined : hintForTable(table, provided);
}

/** The step that provides a catalog, by the catalog's name. */
type Provided = ReadonlyMap<string, string>;

function providedCatalogs({ steps }: Facts): Provided {
  return new Map(steps.flatMap(({ name, provides, config }) => (
    [...provides, ...typeof config.catalog === 'string' ? [config.catalog] : []].map((catalog) => [catalog, name] as const)
  )));
}

/** The name that stands in the place of a catalog in the text, and resembles a catalog's. */
function misspelt(sql: string, catalogs: readonly string[]): string | undefined {
  return [...reader().catalogNames(sql).all].find((name) => !catalogs.some((catalog) => isSame(catalog, name)) && didYouMean(name, catalogs) !== '');
}

function hintForCatalog(missing: string, provided: Provided, { allowed, attached }: Facts): string {
  const step = stepOf(missing, provided);
  if (step !== undefined && allowed !== undefined && !allowed.includes(step)) {
    return `the bootstrap step "${step}" provides "${missing}", but this cursor's bootstrap leaves that step out`;
  }
  // The statement failed again after the step had run.
  if (step !== undefined) return `the bootstrap step "${step}" provides "${missing}", but has not attached it: correct the step, or what it provides`;
  const catalogs = [...new Set([...provided.keys(), ...attached])];
  return `there is no catalog or schema "${missing}"; the catalogs, nearest first, are: ${listed(missing, catalogs, provided)}${didYouMean(missing, catalogs)}`;
}

function hintForTable(table: string, provided: Provided): string {
  const step = stepOf(table, provided);
  if (step !== undefined) return `"${table}" is a catalog, of the bootstrap step "${step}": write a table in it as ${table}.SCHEMA.TABLE`;
  return `a table in a catalog is written as CATALOG.SCHEMA.TABLE; the catalogs of bootstrap steps, nearest first, are: ${listed(table, [...provided.keys()], provided)}`;
}

function listed(wanted: string, catalogs: readonly string[], provided: Provided): string {
  return byNearness(wanted, catalogs).map((catalog) => (
    `"${catalog}"${provided.has(catalog) ? ` (of the bootstrap step "${provided.get(catalog)}")` : ''}`
  )).join(', ') || 'none';
}

function stepOf(wanted: string, provided: Provided): string | undefined {
  return [...provided].find(([catalog]) => isSame(catalog, wanted))?.[1];
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
