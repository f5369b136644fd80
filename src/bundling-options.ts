import { ICommandHooks, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';

/** How the handler is bundled. */
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
}
