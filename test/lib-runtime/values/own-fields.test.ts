import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cursor, type Cursor, type RowFormat } from '../../../lib-runtime';
import { rejection } from '../rejection';

// What `JSON.parse` makes of a key `__proto__` is an own field, as it should be.
const own = (json: string): any => JSON.parse(json) as unknown;

const FORMS: readonly RowFormat[] = ['js', 'bigint', 'json', 'duckdb'];

let c: Cursor;
beforeAll(async () => c = await cursor());
afterAll(() => c.close());

/** A value without the client's classes: what remains are its fields, also those of a prototype that is not a class's. */
function plain(value: any): unknown {
  // JSON's numbers are BIGINTs, which are text in one form, and bigints in another.
  if (typeof value === 'bigint' || (typeof value === 'string' && /^\d+$/.test(value))) return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (['DuckDBListValue', 'DuckDBArrayValue'].includes(value.constructor?.name)) return plain(value.items);
  if (value.constructor?.name === 'DuckDBStructValue') return plain(value.entries);
  if (value.constructor?.name === 'DuckDBMapValue') return plain(value.entries);
  if (value.constructor?.name === 'DuckDBVariantValue') return plain(value.value);
  if (value.constructor?.name === 'DuckDBUnionValue') return { tag: value.tag, value: plain(value.value) };
  expect([Object.prototype, null]).toContain(Object.getPrototypeOf(value));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

const read = async (expression: string, rows: RowFormat) => (await c.queryOne<{ v: unknown }>(`SELECT ${expression} AS v`, undefined, { rows }))!.v;

describe.each(FORMS)('a field called __proto__ is a field, and sets no prototype: %s', (form) => {
  test.each<[string, string]>([
    ["{'__proto__': {'isAdmin': true}, 'k': 1}", '{"__proto__": {"isAdmin": true}, "k": 1}'],
    ["{'__proto__': 1}", '{"__proto__": 1}'],
    ["{'__proto__': NULL, 'k': 1}", '{"__proto__": null, "k": 1}'],
    ["{'a': {'b': [{'__proto__': [1, 2]}]}}", '{"a": {"b": [{"__proto__": [1, 2]}]}}'],
    ["[{'__proto__': 1}, NULL, {'__proto__': 2}]", '[{"__proto__": 1}, null, {"__proto__": 2}]'],
    ["[{'__proto__': {'x': 1}}]::STRUCT(\"__proto__\" STRUCT(x INTEGER))[1]", '[{"__proto__": {"x": 1}}]'],
    ["MAP {'__proto__': {'__proto__': {'x': 1}}}", '[{"key": "__proto__", "value": {"__proto__": {"x": 1}}}]'],
    ["MAP {{'__proto__': 1}: 2}", '[{"key": {"__proto__": 1}, "value": 2}]'],
    ["{'constructor': 1, 'toString': 2, 'hasOwnProperty': 3}", '{"constructor": 1, "toString": 2, "hasOwnProperty": 3}'],
    ["{'__proto__': {'isAdmin': true}, 'k': 1}::VARIANT", '{"__proto__": {"isAdmin": true}, "k": 1}'],
    ["{'__proto__': 'text', 'k': [1, 'x'::VARIANT]}::VARIANT", '{"__proto__": "text", "k": [1, "x"]}'],
    ["'{\"__proto__\": 7, \"l\": [{\"__proto__\": null}]}'::JSON::VARIANT", '{"__proto__": 7, "l": [{"__proto__": null}]}'],
    ["[NULL, {'a': [{'__proto__': 5}::VARIANT, 6::VARIANT]}]", '[null, {"a": [{"__proto__": 5}, 6]}]'],
    ["[[{'__proto__': 5}::VARIANT], [1::VARIANT, {'__proto__': 6}::VARIANT]]", '[[{"__proto__": 5}], [1, {"__proto__": 6}]]'],
    ["MAP {'k': {'__proto__': 5}::VARIANT}", '[{"key": "k", "value": {"__proto__": 5}}]'],
    ["{'__proto__': {'__proto__': 5}::VARIANT}", '{"__proto__": {"__proto__": 5}}'],
  ])('%s', async (expression, expected) => {
    expect(JSON.stringify(plain(await read(expression, form)))).toBe(JSON.stringify(own(expected)));
  });

  test('as the member of a UNION', async () => {
    const value = plain(await read('union_value("__proto__" := {\'__proto__\': 1})', form));
    expect(JSON.stringify(value)).toBe(form === 'js' || form === 'bigint' ? '{"__proto__":1}' : '{"tag":"__proto__","value":{"__proto__":1}}');
  });

  test('a key of a VARIANT that looks like an escaped one', async () => {
    const text = '{"\\u0000__proto__": 1, "__proto__": 2, "\\u0000\\u0000__proto__": 3, "\\u0000x": 4}';
    const row = await c.queryOne<{ v: unknown }>('SELECT $1::JSON::VARIANT AS v', [text], { rows: form });
    expect(Object.entries(plain(row!.v) as object).sort()).toEqual(Object.entries(own(text)).sort());
  });

  test('in a file of strangers, by query and by stream', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'own-fields-'));
    try {
      const file = join(directory, 'x.json');
      writeFileSync(file, '{"meta":{"__proto__":{"isAdmin":true},"k":1}}\n'.repeat(3000));
      const rows: Array<{ meta: any }> = await c.query(`FROM read_json('${file}')`, undefined, { rows: form });
      for await (const batch of c.stream<{ meta: any }>(`FROM read_json('${file}')`, undefined, { rows: form })) rows.push(...batch);
      expect(rows).toHaveLength(6000);
      for (const { meta } of [rows[0]!, rows.at(-1)!]) {
        expect(meta.isAdmin).toBeUndefined();
        expect(JSON.stringify(plain(meta))).toBe('{"__proto__":{"isAdmin":true},"k":1}');
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('fields without names are an error, as an object keeps one of them only', async () => {
    for (const expression of ['row(1, 2)', '[row(1, 2)]', "{'a': [row(1, 2)]}", 'MAP {1: row(1, 2)}']) {
      expect(await rejection(read(expression, form))).toMatchObject({ code: 'OUT_OF_RANGE', message: expect.stringContaining('column "v" holds a STRUCT("" INTEGER, "" INTEGER) whose') });
    }
    expect(plain(await read('[row(1, 2)][2:]', form))).toEqual([]);
  });
});

test('the type of a VARIANT of the client\'s has the field too', async () => {
  const { type } = await read("{'__proto__': 1}::VARIANT", 'duckdb') as { type: unknown };
  expect(String(type)).toBe('STRUCT("__proto__" INTEGER)');
});

describe('a parameter\'s own key __proto__ is bound as a field', () => {
  const text = async (parameter: unknown, type = '') => (await c.queryOne<{ t: string }>(`SELECT $1${type}::VARCHAR AS t`, [parameter]))!.t;

  test.each<[string, string, string]>([
    ['{"__proto__": {"isAdmin": true}, "k": 1}', '', "{'__proto__': {'isAdmin': true}, 'k': 1}"],
    ['[{"__proto__": 1}, {"k": 2}]', '', "[{'__proto__': 1, 'k': NULL}, {'__proto__': NULL, 'k': 2}]"],
    ['[{"constructor": 1}, {"k": 2}]', '', "[{'constructor': 1, 'k': NULL}, {'constructor': NULL, 'k': 2}]"],
    ['{"__proto__": 1}', '::MAP(VARCHAR, INTEGER)', '{__proto__=1}'],
    ['{"__proto__": {"a": 1}, "b": [1, null]}', '::JSON', '{"__proto__":{"a":1},"b":[1,null]}'],
    ['{"__proto__": 5}', '::STRUCT("__proto__" BIGINT)', "{'__proto__': 5}"],
  ])('%s%s', async (json, type, expected) => expect(await text(own(json), type)).toBe(expected));

  test('and what was read is bound again', async () => {
    for (const form of FORMS) {
      for (const expression of ["{'__proto__': {'isAdmin': true}, 'k': 1}", "[{'__proto__': 1}]"]) {
        expect(await text(await read(expression, form))).toBe(await text((await c.queryOne<{ v: unknown }>(`SELECT ${expression} AS v`))!.v));
      }
    }
    for (const expression of ["{'__proto__': {'a': true}, 'k': 1}::VARIANT", 'union_value("__proto__" := 1)', "MAP {'__proto__': {'__proto__': 1}}"]) {
      expect(await text(await read(expression, 'duckdb'))).toBe((await c.queryOne<{ t: string }>(`SELECT (${expression})::VARCHAR AS t`))!.t);
    }
  });

  test('by name: a parameter that is called so', async () => {
    expect(await c.query('SELECT $__proto__ AS v', own('{"__proto__": 5}'))).toEqual([{ v: 5 }]);
  });
});
