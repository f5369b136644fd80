import { IBootstrapStep } from './bootstrap/bootstrap-step';
import { DuckDbDatabase } from './database';
import { DuckDbExtension } from './extension';
import { ExtensionRepository } from './extension-repository';
import { DuckDbImageBuildOptions } from './image-build-options';

/** Options of DuckDB and of the image that contains it: connections, databases, extensions, settings. None of them is about Lambda. */
export interface DuckDbOptions {
  /**
   * The steps that connect DuckDB to other systems, in order. Their names must be unique.
   *
   * @default - none: plain DuckDB
   */
  readonly bootstrap?: IBootstrapStep[];

  /**
   * Logical databases in addition to `default`, which always exists. Handler code passes their names to `cursor({ database: … })`. You can also
   * configure `default` here, for example to keep it in a file or to use only some of the steps.
   *
   * Each database is a separate instance of DuckDB. The instances share the memory.
   *
   * @default - only `default`: in memory, with all bootstrap steps
   */
  readonly databases?: { [name: string]: DuckDbDatabase };

  /**
   * Extensions in addition to those that the bootstrap steps require.
   *
   * @default - none
   */
  readonly extensions?: DuckDbExtension[];

  /**
   * The repository from which the image build installs the extensions. The build verifies their signatures, whatever the repository.
   *
   * @default ExtensionRepository.core()
   */
  readonly extensionRepository?: ExtensionRepository;

  /**
   * A lock file from `npx duckdb-extensions lock`. The image is built exactly from the versions that it pins; otherwise the build fails.
   *
   * It pins the base image's digest, the integrity of DuckDB's client and the SHA-256 of the extensions. Without it, the build installs whatever
   * extension the repository has under the name, if DuckDB has signed it.
   *
   * @default - only versions are pinned
   */
  readonly lockFile?: string;

  /**
   * The exact version of `@duckdb/node-api` in the image, such as `1.5.5-r.5`. A range or a tag is an error. It determines the version of DuckDB and
   * of the extensions.
   *
   * It is an error if `lockFile` or the handler's project has another version of the client.
   *
   * @default - the version that `lockFile` pins or that the handler's project has, or else the version with which this library is tested
   */
  readonly nodeApiVersion?: string;

  /**
   * Whether DuckDB checks the signature of each extension again when it loads the extension.
   *
   * The image build has verified the same signatures, and nothing can change the files afterwards. The check hashes the whole file, which adds tens
   * of milliseconds to a cold start for each extension.
   *
   * @default false
   */
  readonly verifyExtensionsAtRuntime?: boolean;

  /**
   * DuckDB's settings, such as `{ threads: '2', memory_limit: '1GB' }`. They take precedence over the settings that the runtime derives from the
   * function's memory.
   *
   * A setting that DuckDB and its core extensions do not know causes a warning, with the id `cdk-duckdb-lambda:setting`.
   *
   * @see https://duckdb.org/docs/stable/configuration/overview
   * @default - threads, memory, spill and directories are derived from the environment
   */
  readonly settings?: { [name: string]: string };

  /**
   * The image on which the function's image is based. It must contain Lambda's Node.js runtime. Synthesis cannot check this. With an image for
   * Python, either the build fails when it runs Node.js, or the function fails when it is invoked.
   *
   * @default - the image that the lock file pins, or else 'public.ecr.aws/lambda/nodejs:24'
   */
  readonly baseImage?: string;

  /**
   * The image in which the build installs DuckDB and its extensions, for the platform of the building machine. It must contain Node.js and npm.
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
