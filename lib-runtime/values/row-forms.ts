import type { DuckDBDateValue, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { dateText, JS_FORM } from './js-values';
import { losesFields, originalType } from './kept-names';
import { type Convert, converterOf, type Form } from './nested-values';
import { loadApi } from '../client/client';

/** The form in which rows are returned: see `QueryOptions.rows`. */
export type RowFormat = 'js' | 'json' | 'duckdb';

/** Converts the client's values of a column to those of `format`. `type` has safe names, which the client keeps. */
export function columnConverter(format: RowFormat, type: DuckDBType, column: string): Convert {
  if (format === 'js') return converterOf(JS_FORM, type, column);
  if (format === 'json') return converterOf(JSON_FORM, type, column);
  return losesFields(type) ? converterOf(clientForm(), type, column) : (value) => value;
}

/** Like the client's `JsonDuckDBValueConverter`, which loses fields as the client's objects do, and returns a wrong date for DATE 'infinity'. */
const JSON_FORM: Form = {
  scalar(type) {
    const { DuckDBTypeId: id, JsonDuckDBValueConverter: json } = loadApi();
    if (type.typeId === id.DATE) return (value) => dateText(value as DuckDBDateValue);
    return (value) => json(value, type, json);
  },
  list: (items) => items,
  array: (items) => items,
  struct: (fields) => fields,
  map: (entries) => entries,
  union: (tag, value) => ({ tag, value }),
  variant: (value) => value,
};

/** The client's own values. */
function clientForm(): Form {
  const { listValue, arrayValue, structValue, mapValue, unionValue, variantValue } = loadApi();
  return {
    scalar: () => (value) => value,
    list: (items) => listValue(items as DuckDBValue[]),
    array: (items) => arrayValue(items as DuckDBValue[]),
    struct: (fields) => structValue(fields as Record<string, DuckDBValue>),
    map: (entries) => mapValue(entries as Array<{ key: DuckDBValue; value: DuckDBValue }>),
    union: (tag, value) => unionValue(tag, value as DuckDBValue),
    variant: (value, type) => variantValue(value as DuckDBValue, originalType(type)),
  };
}
