import { readConfigAtImport } from '../base/config';

/**
 * The names of all declared bootstrap steps, in order: the steps that a cursor may trigger, unless its `bootstrap` says otherwise.
 *
 * @example
 * const withoutPostgres = DEFAULT_BOOTSTRAP.filter((name) => name !== 'postgres');
 * await cursor({ bootstrap: withoutPostgres }, (c) => c.query('FROM orders'));
 */
export const DEFAULT_BOOTSTRAP: readonly string[] = readConfigAtImport(process.env).steps.map(({ name }) => name);
