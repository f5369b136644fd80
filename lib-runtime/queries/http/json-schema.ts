import { Pieces } from '../../base/sql-pieces';
import { elementType } from '../type-text';

/** A JSON Schema of OpenAPI 3.1. A `bigint` is a number with all of its digits. */
export type Schema = Readonly<Record<string, unknown>>;

const bits = (size: bigint): Schema => ({ type: 'integer', minimum: -(2n ** (size - 1n)), maximum: 2n ** (size - 1n) - 1n });
const unsigned = (size: bigint): Schema => ({ type: 'integer', minimum: 0n, maximum: 2n ** size - 1n });

/** What DuckDB's type holds of RFC 3339: six digits of a second, and offsets of less than 16 hours. */
const MICROSECONDS = '^[^.]+(?:\\.\\d{1,6})?(?:Z|[+-](?:0\\d|1[0-5]):[0-5]\\d)$';

/** The values of parameters, by the names of their types. The runtime takes numbers as text too; a document is clearer with one form. */
const VALUES: ReadonlyArray<readonly [names: string, schema: Schema]> = [
  ['BOOLEAN BOOL LOGICAL', { type: 'boolean' }],
  ['TINYINT INT1', bits(8n)],
  ['SMALLINT INT2 INT16 SHORT', bits(16n)],
  ['INTEGER INT INT4 INT32 SIGNED', bits(32n)],
  ['BIGINT INT8 INT64 LONG', bits(64n)],
  ['HUGEINT INT128', bits(128n)],
  ['UTINYINT UINT8', unsigned(8n)],
  ['USMALLINT UINT16', unsigned(16n)],
  ['UINTEGER UINT32', unsigned(32n)],
  ['UBIGINT UINT64', unsigned(64n)],
  ['UHUGEINT UINT128', unsigned(128n)],
  ['FLOAT FLOAT4 REAL', { type: 'number', minimum: -1e38, maximum: 1e38 }],
  ['DOUBLE FLOAT8', { type: 'number' }],
  ['VARCHAR TEXT STRING CHAR NVARCHAR BPCHAR', { type: 'string' }],
  ['DATE', { type: 'string', format: 'date' }],
  ['TIMESTAMPTZ', { type: 'string', format: 'date-time', pattern: MICROSECONDS }],
  ['UUID GUID', { type: 'string', format: 'uuid' }],
  ['BLOB BYTEA BINARY VARBINARY', { type: 'string', contentEncoding: 'base64' }],
  ['TIME TIMETZ TIMESTAMP TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_US TIMESTAMP_NS DATETIME INTERVAL BIT BITSTRING ENUM', { type: 'string' }],
];

const INTEGERS = /^U?(?:TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|INT(?:\d+)?)$|^(?:SHORT|SIGNED|LONG)$/;
const FLOATS = /^(?:FLOAT[48]?|REAL|DOUBLE)$/;
const TEXTS = new RegExp(`^(?:${[
  'VARCHAR|TEXT|STRING|CHAR|DECIMAL|NUMERIC|DEC|DATE|TIME(?:TZ|_NS)?|TIMESTAMP(?:TZ|_S|_MS|_US|_NS)?|DATETIME|INTERVAL',
  'UUID|GUID|BLOB|BYTEA|BINARY|VARBINARY|ENUM|BIT|BITSTRING|JSON',
].join('|')})$`);

/** What a parameter of the type takes in JSON; `{}` if the type's text does not tell. */
export function valueSchema(type: string): Schema {
  const element = elementType(type);
  if (element !== undefined) return { type: 'array', items: nullable(valueSchema(element)) };
  const { name, parts } = split(type);
  switch (name) {
    case 'STRUCT': case 'ROW': return structSchema(parts);
    case 'MAP': return parts.length === 2 && split(parts[0]!).name === 'VARCHAR' ? { type: 'object', additionalProperties: nullable(valueSchema(parts[1]!)) } : {};
    case 'ENUM': return parts.length > 0 ? { type: 'string', enum: parts.map((part) => part.replace(/^'|'$/g, '').replaceAll("''", "'")) } : { type: 'string' };
    case 'DECIMAL': case 'NUMERIC': case 'DEC': return decimalSchema(parts);
    default: return VALUES.find(([names]) => names.split(' ').includes(name))?.[1] ?? {};
  }
}

/** What a column of the type has in the rows. */
export function columnSchema(type: string): Schema {
  const element = elementType(type);
  if (element !== undefined) return { type: ['array', 'null'], items: columnSchema(element) };
  const { name } = split(type);
  if (name === 'BOOLEAN' || name === 'BOOL') return { type: ['boolean', 'null'] };
  if (INTEGERS.test(name)) return { type: ['integer', 'null'] };
  // NaN and the infinities are text.
  if (FLOATS.test(name)) return { type: ['number', 'string', 'null'] };
  return TEXTS.test(name) ? { type: ['string', 'null'] } : {};
}

/** Also null, which stands for NULL. */
export function nullable(schema: Schema): Schema {
  if (Object.keys(schema).length === 0) return schema;
  return 'enum' in schema || typeof schema.type !== 'string' ? { anyOf: [schema, { type: 'null' }] } : { ...schema, type: [schema.type, 'null'] };
}

function structSchema(parts: readonly string[]): Schema {
  const fields = parts.map((part) => /^\s*(?:"((?:[^"]|"")+)"|([\w\u0080-\uffff]+))\s+(.+)$/s.exec(part));
  if (fields.length === 0 || fields.includes(null)) return { type: 'object' };
  const entries = fields.map((field) => [field![1]?.replaceAll('""', '"') ?? field![2]!, nullable(valueSchema(field![3]!))] as const);
  return { type: 'object', properties: Object.fromEntries(entries), required: entries.map(([name]) => name), additionalProperties: false };
}

function decimalSchema([width = '18', scale = '3']: readonly string[]): Schema {
  const digits = Number(width) - Number(scale);
  const fraction = Number(scale) > 0 ? `(?:\\.\\d{1,${Number(scale)}})?` : '';
  const text = { type: 'string', pattern: `^-?${digits > 0 ? `\\d{1,${digits}}` : '0'}${fraction}$` };
  const most = 10n ** BigInt(digits) - 1n;
  return { anyOf: [text, { type: Number(scale) > 0 ? 'number' : 'integer', minimum: -most, maximum: most }] };
}

/** The name of a type in upper case, and what is in its brackets. */
function split(type: string): { name: string; parts: string[] } {
  const [, name = '', inner] = /^\s*([\w\u0080-\uffff"]+(?:\s+[A-Za-z]+)*)\s*(?:\((.*)\))?\s*$/s.exec(type) ?? [];
  return { name: SYNONYMS[name.toUpperCase()] ?? name.toUpperCase(), parts: inner === undefined ? [] : atCommas(inner) };
}

const SYNONYMS: Readonly<Record<string, string>> = {
  'DOUBLE PRECISION': 'DOUBLE', 'TIMESTAMP WITH TIME ZONE': 'TIMESTAMPTZ', 'TIME WITH TIME ZONE': 'TIMETZ', 'CHARACTER VARYING': 'VARCHAR',
};

function atCommas(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const pieces = new Pieces(text, 0); !pieces.atEnd; pieces.next()) {
    const { text: piece } = pieces;
    if (piece === '(' || piece === '[') depth += 1;
    if (piece === ')' || piece === ']') depth -= 1;
    if (piece === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += piece;
  }
  return parts.map((part) => part.trim());
}
