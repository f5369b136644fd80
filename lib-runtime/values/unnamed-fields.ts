import type { DuckDBType } from '@duckdb/node-api';
import { hasUnnamedFields, partsOf } from './kept-names';
import { OutOfRangeError } from '../base/errors';

/** The error for a struct such as `row(1, 2)`, whose fields are all called ''. */
export function unnamedFields(type: DuckDBType, column: string): OutOfRangeError {
  return new OutOfRangeError(`column "${column}" holds a ${type} whose fields have no names, and an object would keep only one of them: ` +
    'name them, as in {a: 1, b: 2}, or make it a list');
}

/** Throws `OUT_OF_RANGE` if `type` has such a struct at any depth. */
export function checkFieldNames(type: DuckDBType, column: string): void {
  if (hasUnnamedFields(type)) throw unnamedFields(type, column);
  for (const part of partsOf(type)) checkFieldNames(part, column);
}
