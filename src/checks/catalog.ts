import { expectText } from './expect';

/** Refuses a catalog without a name, or with a name of DuckDB's own. */
export function expectCatalog(catalog: unknown, what: string, example: string): asserts catalog is string {
  expectText(catalog, what, example);
  if (/^(?:main|system|temp|memory|pg_catalog|information_schema|__ducklake_metadata_.*)$/i.test(catalog as string)) {
    throw new Error(`${what} "${catalog}", which DuckDB uses itself: expected another name such as "${example}"`);
  }
}
