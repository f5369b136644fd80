import type { DuckDBPreparedStatement, DuckDBType } from '@duckdb/node-api';
import { loadApi } from './client';
import { messageOf, ParameterError } from './errors';
import { inferType, toDuckDbValue } from './parameter-values';

/** Values for `?` and `$1` (a list), or for `$name` (an object). `any`, so that objects of an interface's type pass. */
export type QueryParameters = readonly unknown[] | Readonly<Record<string, any>>;

/** Whether there are no values to bind. Throws `PARAMETER` for what is neither a list nor an object. */
export function isEmpty(parameters: QueryParameters): boolean {
  if (typeof parameters === 'object' && parameters !== null) return Object.keys(parameters).length === 0;
  throw new ParameterError(`the parameters are ${parameters === null ? 'null' : `a ${typeof parameters}`}, expected a list for ? and $1, or an object for $name`);
}

/** Binds `parameters`, each by the statement's own type where it has one. Throws a `PARAMETER` error that names the parameter. */
export function bindParameters(prepared: DuckDBPreparedStatement, parameters: QueryParameters): void {
  const names = Array.from({ length: prepared.parameterCount }, (_, index) => prepared.parameterName(index + 1));
  const values = Array.isArray(parameters)
    ? positional(names, parameters)
    : named(names, parameters as Readonly<Record<string, unknown>>);
  values.forEach((value, index) => bind(prepared, index + 1, `$${names[index]}`, value));
}

function positional(names: readonly string[], values: readonly unknown[]): unknown[] {
  if (values.length !== names.length) {
    const missing = names[values.length];
    throw new ParameterError(missing === undefined
      ? `${values.length} values for ${names.length} parameters: there is no $${names.length + 1} in the statement`
      : `${values.length} values for ${names.length} parameters: none for $${missing}`);
  }
  // $2 may come first in the text; the client numbers parameters by their appearance there.
  return names.map((name, index) => (/^\d+$/.test(name) ? values[Number(name) - 1] : values[index]));
}

/** DuckDB compares names without case. */
function named(names: readonly string[], values: Readonly<Record<string, unknown>>): unknown[] {
  const keys = new Map(Object.keys(values).map((key) => [key.toLowerCase(), key]));
  const known = new Set(names.map((name) => name.toLowerCase()));
  const unknown = Object.keys(values).find((key) => !known.has(key.toLowerCase()));
  if (unknown !== undefined) {
    throw new ParameterError(`there is no parameter $${unknown} in the statement; its parameters are: ${names.map((name) => `$${name}`).join(', ') || 'none'}`);
  }
  return names.map((name) => {
    const key = keys.get(name.toLowerCase());
    if (key === undefined) throw new ParameterError(`no value for parameter $${name}`);
    return values[key];
  });
}

function bind(prepared: DuckDBPreparedStatement, index: number, name: string, value: unknown): void {
  try {
    const type = inferType(value, statementType(prepared, index));
    prepared.bindValue(index, toDuckDbValue(value, type), type);
  } catch (cause) {
    throw new ParameterError(`parameter ${name}: ${messageOf(cause)}`, { cause });
  }
}

/** The type that the statement gives to a parameter; undefined where it has none (`SELECT $1`). */
function statementType(prepared: DuckDBPreparedStatement, index: number): DuckDBType | undefined {
  const { DuckDBTypeId: id } = loadApi();
  const typeId = prepared.parameterTypeId(index);
  return typeId === id.INVALID || typeId === id.ANY || typeId === id.SQLNULL ? undefined : prepared.parameterType(index);
}
