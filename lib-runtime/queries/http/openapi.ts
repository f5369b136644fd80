import { columnSchema, nullable, type Schema, valueSchema } from './json-schema';
import { mediaType } from './negotiation';
import { numberText } from '../exact-json';
import type { QueryFile, QueryParameterDeclaration } from '../query-file';
import { elementType, isNestedType } from '../type-text';

/** A query as the document describes it. */
export interface DescribedQuery extends Pick<QueryFile, 'name' | 'description' | 'parameters' | 'columns'> {
  /** Whether a GET may run it. */
  readonly isSafe: boolean;
  /** The columns that an answer has had. Those that the file declares come first. */
  readonly seenColumns?: ReadonlyArray<{ readonly name: string; readonly type: string }>;
}

/** The columns of an answer as a JSON array describes them. */
const COLUMNS: Schema = {
  type: 'array',
  items: { type: 'object', properties: { name: { type: 'string' }, type: { type: 'string', description: 'DuckDB\'s type' } }, required: ['name', 'type'] },
};

const PROBLEM: Schema = {
  type: 'object',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', description: 'the runtime\'s own word for the error' },
    requestId: { type: 'string' },
  },
  required: ['type', 'title', 'status', 'detail'],
};

const ERRORS: Readonly<Record<string, string>> = {
  400: 'A parameter is unknown, missing, or does not have its type',
  403: 'The caller lacks a property that the query needs',
  405: 'The query does not take this method',
  406: 'The answer cannot have an accepted form',
  413: 'The answer is too large',
  415: 'The body is not JSON',
  429: 'Too many queries need memory; try again',
  500: 'The query failed',
  503: 'The query failed for a reason that may pass; try again',
  504: 'The query had no answer in time',
};

/** The OpenAPI 3.1 document of queries, as JSON. It follows from their files, and from the columns that their answers have had. */
export function openApiDocument(queries: readonly DescribedQuery[], basePath = ''): string {
  return exactText({
    openapi: '3.1.0',
    info: { title: 'Queries', version: '1' },
    servers: [{ url: basePath === '' ? '/' : basePath }],
    paths: Object.fromEntries(queries.map((query) => [`/${query.name}`, pathItem(query)])),
    components: {
      schemas: { Problem: PROBLEM },
      responses: Object.fromEntries(Object.entries(ERRORS).map(([status, description]) => (
        [`Problem${status}`, { description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } }]
      ))),
    },
  });
}

function pathItem(query: DescribedQuery): Schema {
  const parameters = query.parameters.filter(({ from }) => from === undefined);
  const required = parameters.filter(isRequired).map(({ name }) => name);
  return {
    ...(query.isSafe && {
      get: {
        ...operation(query, 'get'),
        parameters: parameters.map(queryParameter),
        responses: { ...rows(query), 304: { description: 'The client\'s copy is still right' }, ...errors([415]) },
      },
    }),
    post: {
      ...operation(query, 'post'),
      requestBody: {
        required: required.length > 0,
        content: {
          'application/json': {
            schema: {
              type: 'object',
              properties: Object.fromEntries(parameters.map((parameter) => [parameter.name, bodyProperty(parameter)])),
              ...(required.length > 0 && { required }),
              additionalProperties: false,
            },
          },
        },
      },
      responses: { ...rows(query), ...errors([]) },
    },
  };
}

function operation({ name, description }: DescribedQuery, method: string): Schema {
  // Names of queries have no dots, so that no two operations have the same id.
  return { operationId: `${method}-${name.replaceAll('/', '.')}`, ...(description !== undefined && { summary: description }) };
}

function bodyProperty(parameter: QueryParameterDeclaration): Schema {
  return { ...nullable(valueSchema(parameter.type)), ...about(parameter), ...givenDefault(parameter) };
}

/** Lists are repeated names; structs, maps and unions are JSON. */
function queryParameter(parameter: QueryParameterDeclaration): Schema {
  const { name, type } = parameter;
  const element = elementType(type);
  const own = { name, in: 'query', required: isRequired(parameter), ...about(parameter) };
  if (isNestedType(type)) return { ...own, content: { 'application/json': { schema: valueSchema(type) } } };
  if (element === undefined) return { ...own, schema: { ...valueSchema(type), ...givenDefault(parameter) } };
  const items = isNestedType(element) || elementType(element) !== undefined ? { type: 'string', contentMediaType: 'application/json' } : valueSchema(element);
  return { ...own, style: 'form', explode: true, schema: { type: 'array', items, minItems: 1 } };
}

function isRequired(parameter: QueryParameterDeclaration): boolean {
  return !('defaultValue' in parameter);
}

function about({ description, type }: QueryParameterDeclaration): Schema {
  return { description: description === undefined ? type : `${description} (${type})` };
}

/** A file may have a number as text. */
function givenDefault({ type, defaultValue }: QueryParameterDeclaration): Schema {
  if (defaultValue === undefined) return {};
  const isNumber = typeof defaultValue === 'string' && valueSchema(type).type === 'integer';
  return { default: isNumber ? BigInt(defaultValue) : defaultValue };
}

function rows({ columns, seenColumns = [] }: DescribedQuery): Schema {
  const all = [...columns, ...seenColumns.filter(({ name }) => !columns.some((column) => column.name === name))];
  const row: Schema = {
    type: 'object',
    properties: Object.fromEntries(all.map((column) => [column.name, {
      ...columnSchema(column.type), ...('description' in column && column.description !== undefined && { description: column.description }),
    }])),
    ...(columns.length > 0 && { required: columns.map(({ name }) => name) }),
  };
  const answer: Schema = {
    type: 'object',
    properties: { columns: COLUMNS, rows: { type: 'array', items: row }, rowCount: { type: 'integer' } },
    required: ['columns', 'rows'],
  };
  return {
    200: {
      description: 'The rows',
      content: {
        [mediaType('json')]: { schema: answer },
        [mediaType('ndjson')]: {},
        [mediaType('csv')]: {},
        [mediaType('parquet')]: {},
      },
    },
  };
}

function errors(without: readonly number[]): Schema {
  const statuses = Object.keys(ERRORS).filter((status) => !without.includes(Number(status)));
  return Object.fromEntries(statuses.map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]));
}

const DIGITS = '\u0001';

/** JSON with all digits of its numbers. */
function exactText(value: unknown): string {
  const text = JSON.stringify(value, (_, each: unknown) => {
    const digits = typeof each === 'number' ? undefined : numberText(each);
    return digits === undefined ? each : DIGITS + digits + DIGITS;
  });
  return text.replace(/"\\u0001([^"\\]*)\\u0001"/g, '$1');
}
