import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import { didYouMean } from '../base/did-you-mean';
import { messageOf } from '../base/errors';
import { DUCKDB, DUCKDB_EXTENSION } from '../base/wording';
import { loadApi, useClient } from '../client/client';

/** What the parser found wrong. */
export interface SyntaxFault {
  readonly message: string;
  /** The position in the SQL, as JavaScript counts; undefined if DuckDB does not tell. */
  readonly at?: number;
}

/** What DuckDB's function `json_serialize_sql` answers. */
type Serialized =
  | { readonly error: false }
  | { readonly error: true; readonly error_message: string; readonly position?: string };

/** What neither opens a file nor a connection, and downloads nothing. */
const CLOSED = {
  threads: '1',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  enable_external_access: 'false',
  lock_configuration: 'true',
};
const OWN_TYPES = '. A type of your own, or of an extension, needs its schema, as in main.mood';
const QUOTED = /"(?:[^"]|"")*"|'(?:[^']|'')*'/g;

/**
 * DuckDB's own parser, in an instance of its own.
 *
 * The SQL is a value of `json_serialize_sql`, which parses it and does nothing else. Preparing a statement would also bind it: that opens files,
 * evaluates constants and looks for extensions.
 */
export class QueryParser {
  /** With the client that a module at `client` would import. Rejects if there is none, or it does not load. */
  static async open(client: string): Promise<QueryParser> {
    useClient(createRequire(join(client, 'any.js')).resolve('@duckdb/node-api'));
    return new QueryParser(await (await loadApi().DuckDBInstance.create(':memory:', CLOSED)).connect());
  }

  private typeNames: readonly string[] | undefined;

  private constructor(private readonly connection: DuckDBConnection) {}

  /** The fault of `sql`, any number of statements of any kind; undefined if it has none. */
  async syntaxFault(sql: string): Promise<SyntaxFault | undefined> {
    const parsed = await this.serialize(sql);
    if (!parsed.error || DUCKDB.onlySelect.test(parsed.error_message)) return undefined;
    const { error_message: message, position } = parsed;
    return { message, ...(position !== undefined && { at: codeUnits(sql, Number(position)) }) };
  }

  /**
   * DuckDB's type for one in SQL, or why it has none. Neither, if only a running function can tell: an extension has the type, or it is written with
   * its schema.
   *
   * `CAST` takes a type and nothing more, so no other SQL can be hidden in it.
   */
  async type(sql: string): Promise<{ readonly type?: DuckDBType; readonly fault?: string }> {
    try {
      return { type: (await this.connection.runAndReadAll(`SELECT CAST(NULL AS ${sql})`)).columnType(0) };
    } catch (error) {
      return { fault: await this.typeFault(sql, messageOf(error)) };
    }
  }

  private async typeFault(sql: string, error: string): Promise<string | undefined> {
    const isQualified = sql.replace(QUOTED, '').includes('.');
    if (DUCKDB_EXTENSION.existsInExtension.test(error) || (isQualified && !DUCKDB.parserError.test(error))) return undefined;
    if (DUCKDB.parserError.test(error)) return `DuckDB does not parse it: ${withoutClass(error)}`;
    const unknown = DUCKDB.unknownType.exec(error)?.[1];
    return unknown === undefined ? withoutClass(error) : `DuckDB has no type ${unknown}${didYouMean(unknown, await this.types())}${OWN_TYPES}`;
  }

  private async types(): Promise<readonly string[]> {
    const query = 'SELECT DISTINCT upper(type_name) FROM duckdb_types() ORDER BY ALL';
    return this.typeNames ??= (await this.connection.runAndReadAll(query)).getRowsJS().map(([name]) => String(name));
  }

  private async serialize(sql: string): Promise<Serialized> {
    const reader = await this.connection.runAndReadAll('SELECT json_serialize_sql($1::VARCHAR)', [sql]);
    return JSON.parse(String(reader.getRowsJS()[0]![0]));
  }
}

/** The position in UTF-16 of a number of characters, as DuckDB counts them. */
function codeUnits(sql: string, characters: number): number {
  let position = 0;
  for (let count = 0; count < characters && position < sql.length; count += 1) position += sql.codePointAt(position)! > 0xffff ? 2 : 1;
  return position;
}

/** An error of DuckDB without its class, its hint and its echo of our own SQL. */
function withoutClass(error: string): string {
  return error.replace(DUCKDB.errorClass, '').split('\n')[0]!;
}
