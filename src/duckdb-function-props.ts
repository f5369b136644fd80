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
   * The name under which the entry exports the handler.
   *
   * @default 'handler'
   */
  readonly handler?: string;

  /**
   * The root of the handler's project. The entry is below it, and paths in the bundle are relative to it.
   *
   * @default - the folder of the lock file, or else the nearest folder above the entry that has a package.json
   */
  readonly projectRoot?: string;

  /**
   * The npm, yarn or pnpm lock file of the handler's project.
   *
   * It determines the version of DuckDB's client, and pins `bundling.nodeModules`.
   *
   * @default - the nearest lock file above the entry
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
   * The image must be for the function's architecture. It must contain the handler, the runtime that the handler imports, and the extensions of the
   * bootstrap steps in `/opt/duckdb_extensions`, as `duckdb-extensions install` writes them. Steps, grants and configuration apply as usual. Props
   * that decide what is in an image are errors.
   *
   * @default - the image is built from `entry`
   */
  readonly code?: lambda.DockerImageCode;
}
