import type { HttpRequest } from './http-event';
import { HttpProblem, quoted } from './problem';
import { messageOf } from '../../base/errors';
import { parseExactJson } from '../exact-json';
import type { QueryFile, QueryParameterDeclaration } from '../query-file';
import { elementType, isNestedType } from '../type-text';

/**
 * The values of a query's parameters, as `params` of an event has them.
 *
 * Those in the query string of a GET are text. A name of a list may be repeated; structs, maps and unions are JSON. A POST has a JSON object. What
 * `@from` declares comes from the caller's identity and nothing else.
 *
 * Throws an `HttpProblem`: 400, 403 or 415.
 */
export function requestParams(request: HttpRequest, { parameters }: QueryFile): Readonly<Record<string, unknown>> {
  const given = request.method === 'POST' ? bodyParams(request) : queryParams(request, parameters);
  const names = Object.keys(given).map((name) => name.toLowerCase());
  const forged = parameters.find(({ name, from }) => from !== undefined && names.includes(name.toLowerCase()));
  if (forged !== undefined) throw new HttpProblem(400, `the parameter "${forged.name}" follows from who the caller is: leave it out`);
  const needed = parameters.filter(({ from, defaultValue }) => from === undefined && defaultValue === undefined);
  const missing = needed.filter(({ name }) => !names.includes(name.toLowerCase()));
  if (missing.length > 0) throw new HttpProblem(400, `received no value for ${missing.map(({ name, type }) => `${name} (${type})`).join(', ')}, which the query needs`);
  return { ...given, ...callersParams(request, parameters) };
}

function bodyParams(request: HttpRequest): object {
  const [inQuery] = request.query();
  if (inQuery !== undefined) throw new HttpProblem(400, `received ${quoted(inQuery[0])} in the query string of a POST: put all parameters into the JSON object of its body`);
  const body = request.body();
  if (body === '') return {};
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (!/^application\/(?:[\w.-]+\+)?json$/.test(type)) {
    throw new HttpProblem(415, `received a body of the type ${quoted(type)}, expected application/json: an object with the parameters`);
  }
  const params = parsed(body, (why) => `the body is not JSON that can be read: ${why}`);
  if (typeof params === 'object' && params !== null && !Array.isArray(params)) return params;
  throw new HttpProblem(400, 'received a body that is not a JSON object, expected one with a value for each parameter');
}

function queryParams({ query }: HttpRequest, declared: readonly QueryParameterDeclaration[]): object {
  const values = new Map<string, string[]>();
  for (const [name, value] of query()) {
    const all = values.get(name);
    if (all === undefined) values.set(name, [value]);
    else all.push(value);
  }
  return Object.fromEntries([...values].map(([name, all]) => {
    const type = declared.find((each) => each.name.toLowerCase() === name.toLowerCase())?.type ?? '';
    const element = elementType(type);
    if (element !== undefined) return [name, all.map((each) => textValue(name, each, element))];
    if (all.length > 1) throw new HttpProblem(400, `received the parameter ${quoted(name)} ${all.length} times, and only a list may be repeated`);
    return [name, textValue(name, all[0]!, type)];
  }));
}

/** The value that a text of a query string stands for. */
function textValue(name: string, value: string, type: string): unknown {
  if (!isNestedType(type) && elementType(type) === undefined) return value;
  return parsed(value, (why) => `the parameter "${name}" has the type ${type}, so its value is JSON: ${why}`);
}

function parsed(json: string, message: (why: string) => string): unknown {
  try {
    return parseExactJson(json);
  } catch (error) {
    throw new HttpProblem(400, message(messageOf(error)));
  }
}

function callersParams({ caller }: HttpRequest, parameters: readonly QueryParameterDeclaration[]): object {
  return Object.fromEntries(parameters.filter(({ from }) => from !== undefined).map(({ name, from }) => {
    const value = caller(from!);
    if (value === undefined) throw new HttpProblem(403, `the caller has no ${from}, which this query needs`);
    return [name, value];
  }));
}
