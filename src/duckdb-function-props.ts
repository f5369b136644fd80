import * as lambda from 'aws-cdk-lib/aws-lambda';
import { IBootstrapStep } from './bootstrap/bootstrap-step';
import { BootstrapMode } from './bootstrap-mode';
import { DuckDbBundlingOptions } from './bundling-options';
import { DuckDbDatabase } from './database';
import { DuckDbExtension } from './extension';
import { ExtensionRepository } from './extension-repository';

/**
 * Properties of a `DuckDbFunction`.
 *
 * Options of every Lambda function have defaults of their own where DuckDB could not live in Lambda's:
 *
 * - `architecture` is ARM_64;
 * - `memorySize` is 1769 MB, from 256; DuckDB gets 70 % of what exceeds 200 MB, and a thread for each 1769 MB (one vCPU) begun;
 * - `timeout` is 30 seconds;
 * - `environment` has UV_THREADPOOL_SIZE 16;
 * - in a VPC, `allowAllOutbound` is false: the security group that is made lets the function reach port 443 of any host, and what its
 *   bootstrap steps need. With `allowAllOutbound` or `securityGroups` it reaches what these say.
 *
 * Options that an image cannot have, such as `layers`, are refused, and so is a misspelt prop.
 */
export interface DuckDbFunctionProps extends lambda.FunctionOptions {
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
   * What the function's DuckDB is connected to, in order; the names must be unique.
   *
   * @default - nothing: plain DuckDB
   */
  readonly bootstrap?: IBootstrapStep[];

  /**
   * When the bootstrap steps run.
   *
   * @default BootstrapMode.LAZY
   */
  readonly bootstrapMode?: BootstrapMode;

  /**
   * Logical databases beyond the one that is always there, `default`, by the names that handler code gives to
   * `cursor({ database: … })`; or `default` itself, where it shall not be in memory and use all steps.
   *
   * Each is an instance of DuckDB of its own; they share the function's memory.
   *
   * @default - `default` alone: in memory, with all bootstrap steps
   */
  readonly databases?: { [name: string]: DuckDbDatabase };

  /**
   * Extensions beyond those that the bootstrap steps bring.
   *
   * @default - none
   */
  readonly extensions?: DuckDbExtension[];

  /**
   * Where the image build takes the extensions from. Their signatures are verified wherever they come from.
   *
   * @default ExtensionRepository.core()
   */
  readonly extensionRepository?: ExtensionRepository;

  /**
   * A lock file that `npx duckdb-extensions lock` has written; the image is built from what it pins, or not at all.
   *
   * It pins the base image's digest, the integrity of DuckDB's client and the SHA-256 of the extensions. Without it
   * a name is a name: what a repository holds under it, if DuckDB has signed it.
   *
   * @default - nothing is pinned but versions
   */
  readonly lockFile?: string;

  /**
   * The exact version of `@duckdb/node-api` in the image, such as `1.5.5-r.5`, not a range or a tag; it decides the version of DuckDB and of the extensions.
   *
   * @default - the version in the lock file or the node_modules of the handler's project, else the version that this library is tested with
   */
  readonly nodeApiVersion?: string;

  /**
   * Whether DuckDB checks the signature of each extension again whenever it is loaded.
   *
   * The image build has verified the same signatures, and nothing can change the files afterwards; the
   * check hashes the whole file, tens of milliseconds of a cold start for each extension.
   *
   * @default false
   */
  readonly verifyExtensionsAtRuntime?: boolean;

  /**
   * Whether the function writes metrics of cold starts, bootstrap steps and queries to its log, from which CloudWatch takes them.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html
   * @default false
   */
  readonly metrics?: boolean;

  /**
   * DuckDB's settings, such as `{ threads: '2', memory_limit: '1GB' }`, before those that follow from the function's memory.
   *
   * One that DuckDB and its core extensions do not know is warned of, under the id `cdk-duckdb-lambda:setting`.
   *
   * @see https://duckdb.org/docs/stable/configuration/overview
   * @default - threads, memory, spill and directories follow from Lambda's environment
   */
  readonly settings?: { [name: string]: string };

  /**
   * The image that the function's image is built from; it must hold Lambda's Node.js runtime, which its name does not tell: with
   * one for Python the build fails where it runs Node.js, or the function when it is invoked.
   *
   * @default - what the lock file pins, else 'public.ecr.aws/lambda/nodejs:24'
   */
  readonly baseImage?: string;

  /**
   * The image in which the build installs DuckDB and its extensions, for the platform of the building machine; it must hold Node.js and npm.
   *
   * @default - the same as baseImage
   */
  readonly buildImage?: string;

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
   * How the handler is bundled and the image is built.
   *
   * @default - no minification, no source map, Docker's default network
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
