import { createRequire } from 'node:module';
import type { DuckDBPreparedStatement, DuckDBType } from '@duckdb/node-api';
import { className, withArticle } from './class-name';
import { isInt64, scalarValue, typeOfScalar } from './scalar-parameters';
import { bindTyped, isTyped } from './typed-parameter';
import { pathOf } from './value-path';
import { messageOf, ParameterError } from '../base/errors';
import { loadApi } from '../client/client';

// Another name than `require`, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

/** The module that binds lists, objects, dates, bytes, and bigints beyond 64 bits. */
const parameterValues = () => requireFromHere('./parameter-values') as typeof import('./parameter-values');

/** Values for `?` and `$1` (a list), or for `$name` (an object). `any`, so that objects of an interface's type pass. */
export type QueryParameters = readonly unknown[] | Readonly<Record<string, any>>;

/**
 * A copy of `parameters`, because the caller may reuse the list or the object before the call's turn comes.
 *
 * Nested lists, objects and bytes are not copied. Throws a `PARAMETER` error if the parameters cannot be read.
 */
export function copyParameters(parameters: QueryParameters | undefined): QueryParameters | undefined {
  if (parameters === undefined) return undefined;
  try {
    checkParameters(parameters);
    return Array.isArray(parameters) ? Array.prototype.slice.call(parameters) : { ...parameters };
  } catch (cause) {
    if (cause instanceof ParameterError) throw cause;
    throw new ParameterError(`the parameters cannot be read, because one of their getters or a Proxy throws: ${messageOf(cause)}`, { cause });
  }
}

/** Whether there are no values to bind. Throws `PARAMETER` for a value that is neither a list nor an object. */
export function isEmpty(parameters: QueryParameters): boolean {
  checkParameters(parameters);
  return (Array.isArray(parameters) ? parameters : Object.keys(parameters)).length === 0;
}

function checkParameters(parameters: QueryParameters): void {
  if (Array.isArray(parameters)) return;
  const isObject = typeof parameters === 'object' && parameters !== null;
  // Iterables and Dates do not have the keys that the caller means.
  if (isObject && !(Symbol.iterator in parameters || parameters instanceof Date)) return;
  const received = parameters === null ? 'null' : withArticle(isObject ? className(parameters) : typeof parameters);
  throw new ParameterError(`the parameters are ${received}, expected a list for ? and $1, or an object for $name`);
}

/** Binds `parameters`, each with its type in the statement `sql`, if it has one. Throws a `PARAMETER` error that names the parameter. */
export function bindParameters(prepared: DuckDBPreparedStatement, parameters: QueryParameters, sql: string): void {
  const names = namesIn(prepared);
  const values = Array.isArray(parameters)
    ? positional(names, parameters)
    : named(names, parameters as Readonly<Record<string, unknown>>);
  values.forEach((value, index) => bind(prepared, index + 1, names[index]!, value, sql));
}

/** The names of a statement's parameters. Those of `$1` and `?` are numbers. */
export function namesIn(prepared: DuckDBPreparedStatement): string[] {
  const count = prepared.parameterCount;
  return Array.from({ length: count }, (_, index) => {
    try {
      return prepared.parameterName(index + 1);
    } catch (cause) {
      // The client identifies parameters by number, so one beyond the count can be neither queried nor bound.
      throw new ParameterError(`the statement has ${counted(count, 'parameter')}, but no $${index + 1}: DuckDB binds numbered parameters only if no number ` +
        'is left out; number them from $1 without a gap, or give them names and pass an object', { cause });
    }
  });
}

function positional(names: readonly string[], values: readonly unknown[]): unknown[] {
  if (values.length !== names.length) {
    const fix = values.length < names.length
      ? `none is left for $${names[values.length]}; pass null for SQL NULL`
      : `there is no $${names.length + 1} in it; leave out what it does not use`;
    const parameters = counted(names.length, 'parameter') + (names.length > 0 ? ` (${listed(names)})` : '');
    throw new ParameterError(`the list has ${counted(values.length, 'value')}, and the statement ${parameters}: ${fix}`);
  }
  // $2 may come first in the text. The client numbers parameters by their position in the text.
  return names.map((name, index) => (/^\d+$/.test(name) ? values[Number(name) - 1] : values[index]));
}

/** DuckDB ignores case in names. */
function named(names: readonly string[], values: Readonly<Record<string, unknown>>): unknown[] {
  const keys = new Map<string, string>();
  for (const key of Object.keys(values)) {
    const other = keys.get(key.toLowerCase());
    if (other !== undefined) throw new ParameterError(`the object has the keys "${other}" and "${key}", which are the same parameter: DuckDB ignores case in names`);
    keys.set(key.toLowerCase(), key);
  }
  const known = new Set(names.map((name) => name.toLowerCase()));
  const unknown = Object.keys(values).find((key) => !known.has(key.toLowerCase()));
  if (unknown !== undefined) {
    throw new ParameterError(`there is no parameter $${unknown} in the statement; its parameters are: ${listed(names)}`);
  }
  return names.map((name) => {
    const key = keys.get(name.toLowerCase());
    if (key === undefined) throw new ParameterError(`the object has no value for $${name}; its keys are: ${listed(Object.keys(values), '')}. Pass null for SQL NULL`);
    return values[key];
  });
}

function bind(prepared: DuckDBPreparedStatement, index: number, name: string, value: unknown, sql: string): void {
  try {
    if (isTyped(value)) return bindTyped(prepared, index, value);
    const wanted = statementType(prepared, index);
    if ((typeof value === 'object' && value !== null) || (typeof value === 'bigint' && !isInt64(value))) {
      const { parameterType, placeholderCast, toDuckDbValue } = parameterValues();
      const type = parameterType(value, wanted ?? placeholderCast(sql, name));
      prepared.bindValue(index, toDuckDbValue(value, type), type);
    } else {
      const type = typeOfScalar(value, wanted);
      prepared.bindValue(index, scalarValue(value, type), type);
    }
  } catch (cause) {
    const path = pathOf(cause);
    const where = path.length > MOST_OF_A_PATH ? `${path.slice(0, MOST_OF_A_PATH)}...` : path;
    throw new ParameterError(`parameter $${name}${where}: ${messageOf(cause)}`, { cause });
  }
}

/** The type that the statement gives to a parameter; undefined if it gives none (`SELECT $1`). */
function statementType(prepared: DuckDBPreparedStatement, index: number): DuckDBType | undefined {
  const { DuckDBTypeId: id } = loadApi();
  const typeId = prepared.parameterTypeId(index);
  return typeId === id.INVALID || typeId === id.ANY || typeId === id.SQLNULL ? undefined : prepared.parameterType(index);
}

const MOST_LISTED = 10;
const MOST_OF_A_PATH = 80;

/** Names for messages. */
export function listed(names: readonly string[], prefix = '$'): string {
  const shown = names.slice(0, MOST_LISTED).map((name) => prefix + name).join(', ');
  return names.length > MOST_LISTED ? `${shown} and ${names.length - MOST_LISTED} more` : shown || 'none';
}

function counted(count: number, what: string): string {
  return `${count === 0 ? 'no' : count} ${what}${count === 1 ? '' : 's'}`;
}
