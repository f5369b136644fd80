import type { DuckDBDateValue, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { BIGINT_FORM, dateText, JS_FORM } from './js-values';
import { losesFields, originalType } from './kept-names';
import { type Convert, converterOf, type Form } from './nested-values';
import type { RowFormat } from '../base/row-format';
import { loadApi } from '../client/client';

/** The converter of a column's values for each format of rows. `type` has safe names, which the client keeps. */
const CONVERTERS: Readonly<Record<RowFormat, (type: DuckDBType, column: string) => Convert>> = {
  js: (type, column) => converterOf(JS_FORM, type, column),
  bigint: (type, column) => converterOf(BIGINT_FORM, type, column),
  json: (type, column) => converterOf(JSON_FORM, type, column),
  duckdb: (type, column) => (losesFields(type) ? converterOf(clientForm(), type, column) : (value) => value),
};

/** Converts the client's values of a column to those of `format`. */
export function columnConverter(format: RowFormat, type: DuckDBType, column: string): Convert {
  return CONVERTERS[format](type, column);
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
