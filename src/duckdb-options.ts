import { IBootstrapStep } from './bootstrap/bootstrap-step';
import { DuckDbDatabase } from './database';
import { DuckDbExtension } from './extension';
import { ExtensionRepository } from './extension-repository';
import { DuckDbImageBuildOptions } from './image-build-options';

/** What DuckDB is connected to, how it is set, and the image that holds it; nothing in it is Lambda's own. */
export interface DuckDbOptions {
  /**
   * What DuckDB is connected to, in order; the names must be unique.
   *
   * @default - nothing: plain DuckDB
   */
  readonly bootstrap?: IBootstrapStep[];

  /**
   * Logical databases beyond the one that is always there, `default`, by the names that handler code gives to
   * `cursor({ database: … })`; or `default` itself, where it shall not be in memory and use all steps.
   *
   * Each is an instance of DuckDB of its own; they share the memory.
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
   * @default - what `lockFile` pins or the handler's project has, else the version that this library is tested with
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
   * DuckDB's settings, such as `{ threads: '2', memory_limit: '1GB' }`, before those that follow from its memory.
   *
   * One that DuckDB and its core extensions do not know is warned of, under the id `cdk-duckdb-lambda:setting`.
   *
   * @see https://duckdb.org/docs/stable/configuration/overview
   * @default - threads, memory, spill and directories follow from the environment
   */
  readonly settings?: { [name: string]: string };

  /**
   * The image that the image is built from; it must hold Lambda's Node.js runtime, which its name does not tell: with
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
   * How the image is built: build arguments, network, certificates, credentials.
   *
   * @default - no build arguments and no secrets, on Docker's default network
   */
  readonly imageBuild?: DuckDbImageBuildOptions;
}
