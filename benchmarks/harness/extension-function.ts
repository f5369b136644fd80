import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { program, type Program } from './container';
import { buildFunction, type BuiltFunction } from './image';
import * as dependencies from '../../assets/docker/extension-dependencies.json';
import { repositoryRoot } from '../../test/bed';
import { DuckDbExtension, DuckDbFunction } from 'cdk-duckdb-lambda';

/** The extensions that are measured. */
export const EXTENSIONS = ['httpfs', 'aws', 'postgres_scanner', 'ducklake', 'iceberg'];

/** The two ways to load them: with and without `verifyExtensionsAtRuntime`. */
export const CHECKED = 'signature checked';
export const FAST = 'fast path';

/** A function with all of these extensions baked in. */
export function buildExtensionFunction(): Promise<BuiltFunction> {
  return buildFunction('extensions', (app, image) => {
    new DuckDbFunction(new Stack(app, 'Extensions'), 'Function', {
      ...image,
      entry: join(repositoryRoot, 'examples', 'sales', 'sales.ts'),
      extensions: EXTENSIONS.map((name) => DuckDbExtension.core(name)),
    });
  });
}

/** The function, as if it had only this extension and its dependencies. */
export function loadOf(extension: string, { environment }: BuiltFunction, how: typeof CHECKED | typeof FAST): Program {
  const config = JSON.parse(environment.DUCKDB_LAMBDA_CONFIG);
  const needed = [extension, ...Object.keys((dependencies as Record<string, object>)[extension] ?? {})];
  const extensions = config.extensions.filter((name: string) => needed.includes(name));
  return {
    module: program('extension-loads'),
    env: { DUCKDB_LAMBDA_CONFIG: JSON.stringify({ ...config, extensions, verifyExtensions: how === CHECKED }) },
  };
}
