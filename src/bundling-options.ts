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
   * Whether stack traces show the lines of the source.
   *
   * The source map is read only when code asks for a stack trace. So it does not slow the cold start, as Node.js's own `--enable-source-maps` would.
   *
   * @default false
   */
  readonly sourceMap?: boolean;

  /**
   * Whether the handler is bundled to an ES module or to CommonJS.
   *
   * @default - OutputFormat.ESM; OutputFormat.CJS if the entry itself is CommonJS
   */
  readonly format?: OutputFormat;

  /**
   * The tsconfig.json from which esbuild reads path aliases and similar options.
   *
   * @default - the nearest tsconfig.json above each source file, as esbuild finds it
   */
  readonly tsconfig?: string;

  /**
   * Packages that are installed in the image and not bundled, such as packages with native code or with files that they read.
   *
   * They are installed for the function's architecture, whatever the architecture of the building machine. The lock file of the handler's project
   * pins the versions (npm 7 or later, yarn, pnpm 8 or later). Without a lock file, the build takes the versions that are installed beside the
   * handler; the packages' dependencies are then not pinned.
   *
   * @default - all packages are bundled
   */
  readonly nodeModules?: string[];

  /**
   * Packages that are neither bundled nor installed, because the base image has them. `*` stands for any characters.
   *
   * @default - only the runtime and DuckDB's client, which every image has; the AWS SDK is bundled
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
   * Text at the beginning of the bundled JavaScript.
   *
   * @default - none
   */
  readonly banner?: string;

  /**
   * Text at the end of the bundled JavaScript.
   *
   * @default - none
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
   * Shell commands that run on the synthesising machine, in the root of the handler's project, before and after the handler is bundled. Files that
   * they put into the output directory are next to the handler in the image.
   *
   * `beforeInstall` is called if there are `nodeModules`, which are installed when the image is built.
   *
   * @default - none
   */
  readonly commandHooks?: ICommandHooks;
}
