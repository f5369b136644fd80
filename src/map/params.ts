import { Token } from 'aws-cdk-lib';
import { JsonPath } from 'aws-cdk-lib/aws-stepfunctions';
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
const NULL = 'States.StringToJson(\'null\')';

/** Refuses what cannot be the parameters of an event. */
export function checkParams(params: unknown, what: string): void {
  if (params === undefined) return;
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    throw new Error(`${what} has the params ${shown(params)}: expected an object of names and values, such as { month: '$.month' }`);
  }
  const wrong = Object.keys(params).find((name) => !NAME.test(name));
  if (wrong !== undefined) throw new Error(`${what} has the parameter ${JSON.stringify(wrong)}: expected a name of letters, digits and _, such as "month"`);
  expectJson(params, what, 'params');
}

/** Params as a state has them: text that is a path becomes the value at the path. */
export function rendered(params: Params): Params {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, renderedValue(value)]));
}

/** CDK leaves out a field that is null, and the query would get its default. */
function renderedValue(value: unknown): unknown {
  if (value === null) return JsonPath.objectAt(NULL);
  if (typeof value === 'string') return PATH.test(value) ? JsonPath.objectAt(value) : value;
  if (typeof value !== 'object' || Array.isArray(value) || Token.isUnresolved(value)) return value;
  return rendered(value as Params);
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
