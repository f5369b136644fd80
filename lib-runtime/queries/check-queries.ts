/**
 * A program that checks a folder of queries, when a stack is synthesised and for the command `cdk-duckdb-lambda check`:
 *
 *     node check-queries.js FOLDER [--client=PATH] [--database=NAME ...] [--openapi]
 *
 * `PATH` is one from which `@duckdb/node-api` can be required. The names are those of the function's databases; without any, `@database` is not
 * checked. It writes a report in JSON, also of errors; with `--openapi`, it has the OpenAPI document of the queries. What it says of the queries follows
 * from the files alone; the other options change only the errors.
 */
import { readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { openApiDocument } from './http/openapi';
import { checkQuery } from './query-checks';
import { type QueryFile, readQueryFile } from './query-file';
import { queryPaths } from './query-folder';
import { QueryParser } from './query-parser';
import { isSafe } from './query-statements';
import { ConfigError } from '../base/errors';

interface Report {
  readonly queries: readonly object[];
  readonly errors: readonly string[];
  /** Whether DuckDB's parser has read the SQL. */
  readonly isParsed: boolean;
  /** The OpenAPI document of the queries, if it was asked for. */
  readonly openApi?: string;
}

interface Options {
  readonly client?: string;
  readonly database?: readonly string[];
  readonly openapi?: boolean;
}

const { positionals: [folderArgument], values } = parseArgs({
  allowPositionals: true,
  options: { client: { type: 'string' }, database: { type: 'string', multiple: true }, openapi: { type: 'boolean' } },
});

void main(folderArgument!, values);

async function main(folder: string, options: Options): Promise<void> {
  const report = await checkFolder(folder, options).catch((error): Report => {
    if (error instanceof ConfigError) return { queries: [], errors: [error.message], isParsed: false };
    throw error;
  });
  process.stdout.write(JSON.stringify(report));
}

async function checkFolder(folder: string, { client, database: databases, openapi }: Options): Promise<Report> {
  const parser = client === undefined ? undefined : await QueryParser.open(client).catch(() => undefined);
  const shownFolder = shownPath(folder);
  const { queries: paths, errors: folderErrors } = queryPaths(folder, shownFolder);
  const queries: QueryFile[] = [];
  const files: string[] = [];
  const errors = [...folderErrors];
  for (const { name, path } of paths) {
    const file = readQueryFile(name, `${shownFolder}/${path}`, readFileSync(join(folder, path), 'utf8'));
    await checkQuery(file, parser, databases);
    queries.push(file.query);
    files.push(path);
    errors.push(...file.errors.lines());
  }
  return {
    queries: queries.map((query, index) => description(query, files[index]!)),
    errors,
    isParsed: parser !== undefined,
    ...(openapi && { openApi: openApiDocument(queries.map((query) => ({ ...query, isSafe: isSafe(query.sql) }))) }),
  };
}

/** The folder as users write it, if they may have written a relative path. */
function shownPath(folder: string): string {
  const path = relative(process.cwd(), folder).replaceAll('\\', '/');
  return path === '' || path.startsWith('..') ? basename(folder) : path;
}

function description({ name, description: text, parameters, columns, cacheSeconds, timeoutSeconds, database }: QueryFile, file: string): object {
  return {
    name,
    file,
    description: text,
    parameters: parameters.map((parameter) => ({
      name: parameter.name,
      type: parameter.type,
      isRequired: !('defaultValue' in parameter) && parameter.from === undefined,
      from: parameter.from,
      description: parameter.description,
    })),
    columns: columns.map((column) => ({ name: column.name, type: column.type, description: column.description })),
    cacheSeconds,
    timeoutSeconds,
    database,
  };
}
