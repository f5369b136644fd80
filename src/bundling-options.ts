import { NetworkMode } from 'aws-cdk-lib/aws-ecr-assets';
import { ICommandHooks, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';

/** How the handler is bundled and the image is built. */
export interface DuckDbBundlingOptions {
  /**
   * Whether esbuild minifies the handler.
   *
   * @default false
   */
  readonly minify?: boolean;

  /**
   * Whether stack traces name the lines of the source.
   *
   * A source map is put beside the handler; it is read when the first stack trace is asked for, so that a cold start does
   * not pay for it, as it would with Node.js's own `--enable-source-maps`.
   *
   * @default false
   */
  readonly sourceMap?: boolean;

  /**
   * Whether the handler is bundled to an ES module or to CommonJS.
   *
   * @default - OutputFormat.ESM; OutputFormat.CJS where the entry itself is CommonJS
   */
  readonly format?: OutputFormat;

  /**
   * The tsconfig.json that esbuild takes path aliases and the like from.
   *
   * @default - the nearest one above each source file, as esbuild finds it
   */
  readonly tsconfig?: string;

  /**
   * Packages that are installed in the image, not bundled: those with native code, or with files that they read.
   *
   * They are installed for the function's architecture, whatever the building machine has, in the versions that the lock file
   * of the handler's project pins (of npm from 7, yarn, pnpm from 8); without one, in those installed beside the handler, and
   * then what they depend on is not pinned.
   *
   * @default - all packages are bundled
   */
  readonly nodeModules?: string[];

  /**
   * Packages that are neither bundled nor installed, as the base image has them. `*` stands for any characters.
   *
   * @default - none beyond the runtime and DuckDB's client, which every image has; the AWS SDK is bundled
   */
  readonly externalModules?: string[];

  /**
   * How esbuild reads files, by extension, such as `{ '.sql': 'text' }`.
   *
   * @see https://esbuild.github.io/content-types/
   * @default - esbuild's own
   */
  readonly loader?: { [extension: string]: string };

  /**
   * Expressions that replace identifiers, such as `{ 'process.env.STAGE': '"production"' }`.
   *
   * @see https://esbuild.github.io/api/#define
   * @default - none
   */
  readonly define?: { [identifier: string]: string };

  /**
   * What stands at the beginning of the bundled JavaScript.
   *
   * @default - nothing of the user's
   */
  readonly banner?: string;

  /**
   * What stands at the end of the bundled JavaScript.
   *
   * @default - nothing
   */
  readonly footer?: string;

  /**
   * More arguments of esbuild's command line, such as `{ '--keep-names': true, '--log-limit': '0', '--alias:old': 'new' }`.
   *
   * @see https://esbuild.github.io/api/
   * @default - none
   */
  readonly esbuildArgs?: { [argument: string]: any };

  /**
   * Commands of the shell that run on the synthesising machine, in the root of the handler's project, before and after the
   * handler is bundled. What they put into the output directory lies beside the handler in the image.
   *
   * `beforeInstall` is called where there are `nodeModules`, which are installed when the image is built.
   *
   * @default - none
   */
  readonly commandHooks?: ICommandHooks;

  /**
   * Docker build arguments, visible as environment variables to the steps that install DuckDB and its extensions.
   *
   * They are part of the asset's hash, except for the proxy variables that Docker predefines and
   * `NODE_EXTRA_CA_CERTS`. They can be read in the asset manifest and in the image's history: no secrets. A URL with credentials is
   * refused, and so is a value of several lines.
   *
   * @default - none
   */
  readonly buildArgs?: { [name: string]: string };

  /**
   * The network of the build's `RUN` steps. Not part of the asset's hash.
   *
   * @default - Docker's own default
   */
  readonly networkMode?: NetworkMode;

  /**
   * A file with certificates (PEM) that the build trusts beside the usual ones, for a proxy that re-signs TLS.
   *
   * It is a build secret: in no layer, and not part of the asset's hash. Needs BuildKit.
   *
   * @default - none
   */
  readonly caBundle?: string;

  /**
   * Files with credentials for the build. They are in no layer, log or template, and not part of the asset's hash. Needs BuildKit.
   *
   * @default - none
   */
  readonly buildSecrets?: DuckDbBuildSecrets;
}

/** Files with credentials that the build of an image may use. */
export interface DuckDbBuildSecrets {
  /**
   * A netrc file with the credentials of the extension repository: `machine HOST login USER password SECRET`;
   * without a login the password is sent as a bearer token.
   *
   * @default - none
   */
  readonly netrc?: string;

  /**
   * The npmrc file with which npm fetches DuckDB's client.
   *
   * @default - npm's defaults
   */
  readonly npmrc?: string;
}
