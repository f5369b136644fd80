import type { DuckDBPreparedStatement } from '@duckdb/node-api';
import type { PreparedStatement, Value } from '@duckdb/node-bindings';
import { loadBindings } from '../client/client';

// Bundles have copies of this module, so `instanceof` would not recognise the values of another copy.
const BRAND = Symbol.for('cdk-duckdb-lambda.typed-parameter.v1');

/**
 * A value of a parameter as DuckDB itself holds it, with its type.
 *
 * The client's own values lose that type for NULL and for JSON, and some of them cannot be bound, such as the BIGNUM 0.
 */
export class TypedParameter {
  readonly [BRAND] = true;

  /** `type` is its SQL type and `given` the JSON value that it was made of. */
  constructor(readonly value: Value, readonly type: string, readonly given: unknown) {}

  /** Equal texts are equal values: the cache of file metadata tells statements apart by them. */
  toJSON(): unknown {
    return { type: this.type, value: this.given };
  }
}

export function isTyped(value: unknown): value is TypedParameter {
  return typeof value === 'object' && value !== null && BRAND in value;
}

/** Binds `parameter` as it is. A statement that expects another type casts it, as it casts a literal of its type. */
export function bindTyped(prepared: DuckDBPreparedStatement, index: number, { value }: TypedParameter): void {
  const { prepared_statement: statement } = prepared as unknown as { prepared_statement: PreparedStatement };
  loadBindings().bind_value(statement, index, value);
}
