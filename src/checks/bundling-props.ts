import { expectOptions, PropNames } from './expect';
import { DuckDbBuildSecrets, DuckDbBundlingOptions } from '../bundling-options';

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
  buildArgs: true,
  networkMode: true,
  caBundle: true,
  buildSecrets: true,
};

const BUILD_SECRETS: PropNames<DuckDbBuildSecrets> = { netrc: true, npmrc: true };

/** Refuses options of the bundling, and build secrets, that are not known. */
export function checkBundling(bundling: DuckDbBundlingOptions | undefined, at: string): void {
  expectOptions(bundling, `the bundling of ${at}`, BUNDLING);
  expectOptions(bundling?.buildSecrets, `bundling.buildSecrets of ${at}`, BUILD_SECRETS);
}
