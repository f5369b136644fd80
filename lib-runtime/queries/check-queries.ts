/**
 * A program that checks a folder of queries, when a stack is synthesised and for the command `cdk-duckdb-lambda check`:
 *
 *     node check-queries.js FOLDER [CLIENT]
 *
 * `CLIENT` is a path from which `@duckdb/node-api` can be required. It writes a report in JSON, also of errors. The queries in it follow from the
 * files alone; whether the client is there, and which, changes only the errors.
 */
import { readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { checkQuery } from './query-checks';
import { type QueryFile, readQueryFile } from './query-file';
import { queryPaths } from './query-folder';
import { QueryParser } from './query-parser';
import { ConfigError } from '../base/errors';

interface Report {
  readonly queries: readonly object[];
  readonly errors: readonly string[];
  /** Whether DuckDB's parser has read the SQL. */
  readonly isParsed: boolean;
}

void main(process.argv[2]!, process.argv[3]);

async function main(folder: string, client: string | undefined): Promise<void> {
  const report = await checkFolder(folder, client).catch((error): Report => {
    if (error instanceof ConfigError) return { queries: [], errors: [error.message], isParsed: false };
    throw error;
  });
  process.stdout.write(JSON.stringify(report));
}

async function checkFolder(folder: string, client: string | undefined): Promise<Report> {
  const parser = client === undefined ? undefined : await QueryParser.open(client).catch(() => undefined);
  const shownFolder = shownPath(folder);
  const { queries: paths, errors: folderErrors } = queryPaths(folder, shownFolder);
  const queries: object[] = [];
  const errors = [...folderErrors];
  for (const { name, path } of paths) {
    const file = readQueryFile(name, `${shownFolder}/${path}`, readFileSync(join(folder, path), 'utf8'));
    await checkQuery(file, parser);
    queries.push(description(file.query, path));
    errors.push(...file.errors.lines());
  }
  return { queries, errors, isParsed: parser !== undefined };
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
      name: parameter.name, type: parameter.type, isRequired: !('defaultValue' in parameter), description: parameter.description,
    })),
    columns: columns.map((column) => ({ name: column.name, type: column.type, description: column.description })),
    cacheSeconds,
    timeoutSeconds,
    database,
  };
}
