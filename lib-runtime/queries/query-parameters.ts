import type { DuckDBListType, DuckDBType } from '@duckdb/node-api';
import type { QueryParameterDeclaration } from './query-file';
import { received } from './received';
import { typedValue, unsupported, unsupportedPart } from './typed-value';
import { didYouMean } from '../base/did-you-mean';
import { ConfigError, messageOf, ParameterError, QueryError } from '../base/errors';
import { quotedIdentifier } from '../base/sql-text';
import { loadApi } from '../client/client';
import type { CursorCalls } from '../cursor/cursor-calls';
import type { Cursor } from '../cursor/types';
import { partsOf } from '../values/kept-names';
import type { QueryParameters } from '../values/parameters';
import { TypedParameter } from '../values/typed-parameter';
import { pathOf } from '../values/value-path';

const MOST_SHOWN = 80;

/**
 * The parameters of a query, for `cursor.query(sql, parameters)`: `given`, the `params` of an event, as values of the declared types.
 *
 * Nothing is rounded, cut off or guessed: a value that its type does not hold exactly is an error. Only for FLOAT and DOUBLE is it the nearest one that
 * they hold, as always with binary numbers.
 *
 * | type                                   | JSON value                                                                                          |
 * |----------------------------------------|-----------------------------------------------------------------------------------------------------|
 * | any                                    | null for NULL                                                                                       |
 * | BOOLEAN                                | true, false, or these as text                                                                       |
 * | integers, BIGNUM                       | a number up to 2^53, or digits as text                                                              |
 * | DECIMAL                                | a number with at most 15 digits, or text such as `-12.50`, with no more digits than the type        |
 * | FLOAT, DOUBLE                          | a number, or text such as `1.5e3`, `NaN` or `-Infinity`; an error if it would become infinite, or 0 |
 * | VARCHAR, ENUM, BIT, UUID               | text                                                                                                |
 * | BLOB                                   | base64 text                                                                                         |
 * | DATE, TIME                             | text, `2025-01-31`, `12:34:56.789`                                                                  |
 * | TIMESTAMP, _S, _MS, _NS                | text, `2025-01-31T12:34:56`, also with a space, `Z`, or without a time                              |
 * | TIMETZ, TIMESTAMPTZ                    | text with an offset, `2025-01-31T12:34:56+01:00` or `Z`                                             |
 * | DATE and the timestamps                | also the texts `infinity` and `-infinity`                                                           |
 * | INTERVAL                               | text, `1 year 2 months 3 days 04:05:06.789`                                                         |
 * | JSON                                   | any JSON but text; text is taken for JSON text, as with `cursor.query`                              |
 * | LIST, ARRAY                            | a list                                                                                              |
 * | STRUCT                                 | an object with all of its fields                                                                    |
 * | MAP                                    | an object, or a list of `{ key, value }`                                                            |
 * | UNION                                  | an object whose only key is the member                                                              |
 *
 * Throws `PARAMETER` for an unknown name, a missing value, and a value that does not fit, and `CONFIG` for a type that is not usable, and for a default
 * and a property of the caller that do not fit: those are not the caller's choice.
 */
export async function queryParameters(cursor: Cursor, declarations: readonly QueryParameterDeclaration[], given: unknown): Promise<QueryParameters> {
  const values = declaredValues(declarations, given);
  if (declarations.length === 0) return {};
  const types = await declaredTypes(cursor, declarations);
  return Object.fromEntries(declarations.map((declaration, index) => [declaration.name, parameter(declaration, types[index]!, values[index]!)]));
}

/** The value of a parameter. */
interface DeclaredValue {
  readonly value: unknown;
  /** Whether it is the default of the query file, and not the caller's. */
  readonly isDefault: boolean;
}

/** The value of each declaration: the given one, or its default. */
function declaredValues(declarations: readonly QueryParameterDeclaration[], given: unknown): DeclaredValue[] {
  const values = valuesByName(declarations, given);
  const missing = declarations.filter(({ name, defaultValue }) => defaultValue === undefined && !values.has(name.toLowerCase()));
  if (missing.length > 0) {
    const names = missing.map(({ name, type }) => `$${name} (${type})`).join(', ');
    throw new ParameterError(`there is no value for ${names}, and the query file declares no default: add it to params, or pass null for NULL`);
  }
  return declarations.map(({ name, defaultValue }) => {
    const key = name.toLowerCase();
    return values.has(key) ? { value: values.get(key), isDefault: false } : { value: defaultValue, isDefault: true };
  });
}

/** The given values by their names in lower case, because DuckDB ignores case. */
function valuesByName(declarations: readonly QueryParameterDeclaration[], given: unknown): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>();
  if (given === undefined || given === null) return values;
  if (received(given) !== 'an object') throw new ParameterError(`params is ${received(given)}, expected an object with a value for each name`);
  const names = declarations.map(({ name }) => name);
  for (const [name, value] of Object.entries(given)) {
    const key = name.toLowerCase();
    if (!names.some((each) => each.toLowerCase() === key)) {
      const known = names.length > 0 ? `its parameters are: ${names.join(', ')}` : 'it has none';
      throw new ParameterError(`the query has no parameter ${received(name)}${didYouMean(name, names)}; ${known}`);
    }
    if (values.has(key)) throw new ParameterError(`params has the name ${received(name)} twice, because DuckDB ignores case in names: remove one`);
    values.set(key, value);
  }
  return values;
}

/** DuckDB's types for the declared ones, which are SQL of the query's file. */
async function declaredTypes(cursor: Cursor, declarations: readonly QueryParameterDeclaration[]): Promise<readonly DuckDBType[]> {
  const { instance } = cursor as CursorCalls;
  const known = builtInTypes.get(instance) ?? new Map<string, DuckDBType>();
  if (declarations.every(({ type }) => known.has(type))) return declarations.map(({ type }) => known.get(type)!);
  const types = await askedTypes(cursor, declarations);
  declarations.forEach(({ type }, index) => void (isBuiltIn(types[index]!) && known.set(type, types[index]!)));
  builtInTypes.set(instance, known);
  return types;
}

/** The types that mean the same as long as the instance lives, by their text. Each question between queries of remote files costs milliseconds. */
const builtInTypes = new WeakMap<object, Map<string, DuckDBType>>();

/** Whether nobody can replace it: a type that was made by CREATE TYPE is an ENUM or has its name as an alias. */
function isBuiltIn(type: DuckDBType): boolean {
  const isNamed = type.alias !== undefined && type.alias !== 'JSON';
  return !isNamed && type.typeId !== loadApi().DuckDBTypeId.ENUM && partsOf(type).every(isBuiltIn);
}

async function askedTypes(cursor: Cursor, declarations: readonly QueryParameterDeclaration[]): Promise<readonly DuckDBType[]> {
  const types = await typesOf(cursor, declarations).catch(async (error: unknown) => {
    if (!(error instanceof QueryError) || error.retryable) throw error;
    for (const declaration of declarations) {
      await typesOf(cursor, [declaration]).catch((cause: unknown) => { throw unknownType(declaration, cause); });
    }
    throw error;
  });
  declarations.forEach(({ name, type }, index) => {
    const part = unsupportedPart(types[index]!);
    if (part !== undefined) throw new ConfigError(`parameter $${name} has the type ${type}, and ${unsupported(part)}`);
  });
  return types;
}

async function typesOf(cursor: Cursor, declarations: readonly QueryParameterDeclaration[]): Promise<readonly DuckDBType[]> {
  const columns = declarations.map(({ name, type }) => `CAST(NULL AS ${type}) AS ${quotedIdentifier(name)}`);
  return (await (cursor as CursorCalls).result(`SELECT ${columns.join(', ')}`, undefined, { maxStalenessMs: 0 })).columnTypes();
}

function unknownType({ name, type }: QueryParameterDeclaration, cause: unknown): unknown {
  if (!(cause instanceof QueryError)) return cause;
  return new ConfigError(`parameter $${name} has the type ${type}, which DuckDB refuses: ${messageOf(cause)}`, { cause });
}

function parameter({ name, type: declared, line, from }: QueryParameterDeclaration, type: DuckDBType, { value, isDefault }: DeclaredValue): unknown {
  try {
    const typed = typedValue(value, type);
    // As text they are what their types are, and the runtime finds the URLs of files in them.
    return isTextOf(type, value) ? value : new TypedParameter(typed, declared, value);
  } catch (error) {
    const why = `${shortened(pathOf(error))} ${messageOf(error)}; the type of $${name} is ${shortened(declared)}`;
    if (isDefault) throw new ConfigError(`the default of $${name}, in line ${line} of the query's file,${why}`);
    if (from !== undefined) throw new ConfigError(`${from} of the caller${why}`);
    throw new ParameterError(`parameter $${name}${why}`);
  }
}

/** Whether `value` is text, or a list of texts, that is bound as `type`. */
function isTextOf(type: DuckDBType, value: unknown): boolean {
  const { LIST, VARCHAR } = loadApi().DuckDBTypeId;
  if (type.typeId === LIST) {
    return Array.isArray(value) && value.length > 0 && value.every((item) => isTextOf((type as DuckDBListType).valueType, item));
  }
  return type.typeId === VARCHAR && type.alias === undefined && typeof value === 'string';
}

function shortened(text: string): string {
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text;
}
