import { Token } from 'aws-cdk-lib';
import { FieldUtils, JsonPath } from 'aws-cdk-lib/aws-stepfunctions';
import { didYouMean } from '../checks/did-you-mean';
import { shown } from '../checks/expect';
import { expectJson } from '../checks/json-value';
import { DuckDbQuery } from '../duckdb-query';

/** The names and values of parameters. */
export interface Params {
  readonly [name: string]: unknown;
}

const NAME = /^[A-Za-z_]\w*$/;
/** A path of a state's input, or of the context object. */
const PATH = /^\$\$?(?:$|[.[])/;
/** A path of the input that may name a list: without wildcards and filters. */
const REFERENCE = /^\$(?:\.[^\s.[\]*?@,:()'"$]+|\[\d+\]|\['[^']+'\])+$/;
const NULL = 'States.StringToJson(\'null\')';

/** Whether text is the path of one field of the input. */
export function isReference(text: unknown): text is string {
  return typeof text === 'string' && REFERENCE.test(text);
}

/** Refuses what cannot be the parameters of an event. */
export function checkParams(params: unknown, what: string): void {
  if (params === undefined) return;
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    throw new Error(`${what} has the params ${shown(params)}: expected an object of names and values, such as { month: '$.month' }`);
  }
  const wrong = Object.keys(params).find((name) => !NAME.test(name));
  if (wrong !== undefined) throw new Error(`${what} has the parameter ${JSON.stringify(wrong)}: expected a name of letters, digits and _, such as "month"`);
  expectJson(params, what, 'params');
  expectPlainNames(params, what, 'params');
}

/** Refuses names as Step Functions writes them, which would be names of fields here. */
function expectPlainNames(value: unknown, what: string, where: string): void {
  if (typeof value !== 'object' || value === null || Token.isUnresolved(value)) return;
  for (const [name, item] of Object.entries(value)) {
    if (name.endsWith('.$')) {
      throw new Error(`${what} has in ${where} the name ${JSON.stringify(name)}: expected ${JSON.stringify(name.slice(0, -2))}, whose value may be a path or an expression`);
    }
    expectPlainNames(item, what, `${where}.${name}`);
  }
}

/** Params as a state has them: text that is a path becomes the value at the path. */
export function rendered(params: Params): Params {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, renderedValue(value, name)]));
}

/** CDK leaves out a field that is null, and the query would get its default. */
function renderedValue(value: unknown, where: string): unknown {
  if (value === null) return JsonPath.objectAt(NULL);
  if (typeof value === 'string') return PATH.test(value) ? JsonPath.objectAt(value) : value;
  if (typeof value !== 'object' || Token.isUnresolved(value)) return value;
  if (Array.isArray(value)) return hasExpressions(value, expressionOf) ? JsonPath.objectAt(listExpression(value, where)) : value;
  return rendered(value as Params);
}

/** The path or the expression of a value that only the machine knows; undefined for any other value. */
export function expressionOf(value: unknown): string | undefined {
  return typeof value === 'string' && PATH.test(value) ? value : encodedExpression(value);
}

/** The same for values that are made by `JsonPath`. */
export function encodedExpression(value: unknown): string | undefined {
  return Token.isUnresolved(value) ? FieldUtils.renderObject({ value })?.['value.$'] : undefined;
}

/** Whether a value is or contains an expression. */
export function hasExpressions(value: unknown, of: typeof expressionOf): boolean {
  if (of(value) !== undefined) return true;
  return typeof value === 'object' && value !== null && !Token.isUnresolved(value) && Object.values(value).some((item) => hasExpressions(item, of));
}

/** Step Functions takes paths as values of names, not as items of a list, which needs an intrinsic function. */
function listExpression(list: unknown[], where: string): string {
  return `States.Array(${list.map((item, index) => itemExpression(item, `${where}[${index}]`)).join(', ')})`;
}

function itemExpression(item: unknown, where: string): string {
  const expression = expressionOf(item);
  if (expression !== undefined) return expression;
  if (Array.isArray(item) && !Token.isUnresolved(item)) return listExpression(item, where);
  if (typeof item === 'number' && !Token.isUnresolved(item)) return String(item);
  if (typeof item === 'string' && !Token.isUnresolved(item)) return quoted(item);
  if (typeof item === 'boolean' || item === null) return `States.StringToJson(${quoted(String(item))})`;
  throw new Error(`the parameter ${where} is ${shown(item)} in a list with paths: expected text, numbers, true, false, null, paths and lists of these; `
    + 'let a state before the map make the list, and pass its path');
}

/** Text in an expression of Step Functions. */
function quoted(text: string): string {
  return `'${text.replace(/[\\'{}]/g, '\\$&')}'`;
}

/** Whether the query's file declares the parameter. */
export function declares(query: DuckDbQuery, name: string): boolean {
  return query.parameters.some((parameter) => isNamed(parameter.name, name));
}

/**
 * Refuses parameters that the query does not declare, and missing ones that it requires.
 *
 * @param given      the names that the query gets
 * @param isComplete whether it gets no others; unknown if an item's fields are parameters
 */
export function expectDeclared(query: DuckDbQuery, given: string[], isComplete: boolean, what: string): void {
  const declared = query.parameters.map(({ name }) => name);
  const list = declared.map((name) => JSON.stringify(name)).join(', ') || 'none';
  const unknown = given.find((name) => !declares(query, name));
  if (unknown !== undefined) {
    throw new Error(`${what} gives the query "${query.name}" the parameter "${unknown}", but its file declares ${list}`
      + `${didYouMean(unknown, declared) || `; add the line "-- @param ${unknown} ${TYPES[unknown] ?? 'VARCHAR'}" to the file, and use $${unknown}`}`);
  }
  const missing = isComplete && query.parameters.find(({ name, isRequired }) => isRequired && !given.some((each) => isNamed(each, name)));
  if (missing) {
    throw new Error(`${what} does not give the query "${query.name}" the parameter "${missing.name}", which it requires; `
      + `it gives ${given.map((name) => JSON.stringify(name)).join(', ') || 'none'}; add it, as in params: { ${missing.name}: ... }, or give it a default in the file`);
  }
}

/** The types of the parameters that a map gives by itself. */
const TYPES: Params = { file: 'VARCHAR', files: 'VARCHAR[]', items: 'VARCHAR[]' };

function isNamed(declared: string, given: string): boolean {
  return declared.toLowerCase() === given.toLowerCase();
}
