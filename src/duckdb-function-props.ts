import * as lambda from 'aws-cdk-lib/aws-lambda';
import { DuckDbBundlingOptions } from './bundling-options';
import { DuckDbFunctionOptions } from './duckdb-function-options';

/** Properties of a `DuckDbFunction`: the options of every Lambda function with DuckDB, and the handler. */
export interface DuckDbFunctionProps extends DuckDbFunctionOptions {
  /**
   * The handler's source file: `.ts`, `.tsx`, `.mts`, `.cts`, `.js`, `.mjs` or `.cjs`; absolute, or relative to the working directory.
   *
   * @default - required, unless `code` is given
   */
  readonly entry?: string;

  /**
   * The name by which the entry exports the handler.
   *
   * @default 'handler'
   */
  readonly handler?: string;

  /**
   * The root of the handler's project: the entry lies below it, and paths in the bundle are relative to it.
   *
   * @default - the folder of the lock file, else the nearest one above the entry with a package.json
   */
  readonly projectRoot?: string;

  /**
   * The lock file of the handler's project, of npm, yarn or pnpm.
   *
   * It says which version of DuckDB's client the project has, and pins `bundling.nodeModules`.
   *
   * @default - the nearest one above the entry
   */
  readonly depsLockFilePath?: string;

  /**
   * How the handler is bundled.
   *
   * @default - one ES module, not minified, without a source map
   */
  readonly bundling?: DuckDbBundlingOptions;

  /**
   * A prebuilt image, such as `lambda.DockerImageCode.fromEcr(repository, { cmd: ['index.handler'] })`.
   *
   * It must be for the function's architecture and hold the extensions of the bootstrap steps in `/opt/duckdb_extensions`, as
   * `duckdb-extensions install` writes them, the handler and the runtime that it imports. Steps, grants and configuration apply as ever;
   * props that decide what is in an image are refused.
   *
   * @default - the image is built from `entry`
   */
  readonly code?: lambda.DockerImageCode;
}
