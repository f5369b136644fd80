import { expectOptions, expectTexts, PropNames } from './expect';
import { refuseImageBuildProps } from './image-build';
import { DuckDbBundlingOptions } from '../bundling-options';

const BUNDLING: PropNames<DuckDbBundlingOptions> = {
  minify: true,
  sourceMap: true,
  format: true,
  tsconfig: true,
  nodeModules: true,
  externalModules: true,
  loader: true,
  define: true,
  banner: true,
  footer: true,
  esbuildArgs: true,
  commandHooks: true,
};

/** Refuses unknown bundling options, including those of the image's build, and package lists that are not lists of text. */
export function checkBundling(bundling: DuckDbBundlingOptions | undefined, at: string): void {
  refuseImageBuildProps(bundling ?? {}, `the bundling of ${at}`);
  expectOptions(bundling, `the bundling of ${at}`, BUNDLING);
  for (const [prop, example] of [['nodeModules', 'sharp'], ['externalModules', '@aws-sdk/*']] as const) {
    if (bundling?.[prop] !== undefined) expectTexts(bundling[prop], `${at} has in bundling.${prop}`, example);
  }
}
