import * as fs from 'fs';
import * as path from 'path';
import type { BuildOptions } from 'esbuild';
import { optionsOfArguments } from './esbuild-arguments';
import { HandlerProps } from './handler-props';

/** The packages that are not bundled. The runtime and DuckDB's client are in the image's own `node_modules`. */
const EXTERNAL = ['cdk-duckdb-lambda/runtime', '@duckdb/node-api', '@duckdb/node-bindings'];

const OLDEST_NODE = '22';

/** The module that makes stack traces name the source's lines. It is beside the handler. */
export const SOURCE_MAPS = 'source-maps.cjs';

/** For a bundle that is an ES module. */
export function esmOptions(props: HandlerProps): BuildOptions {
  const { banner = '', define, sourceMap } = props.bundling;
  return {
    ...commonOptions(props),
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    // Bundled CommonJS packages use names that an ES module does not define. Names that the handler declares stay the handler's.
    banner: {
      js: lines(
        banner,
        sourceMap && `import './${SOURCE_MAPS}';`,
        !DECLARES_REQUIRE.test(banner) && 'const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);',
        'const __bundleFilename = import.meta.filename, __bundleDirname = import.meta.dirname;',
      ),
    },
    define: { __filename: '__bundleFilename', __dirname: '__bundleDirname', ...define },
  };
}

/** A declaration that users often put into the banner of an ES module. */
const DECLARES_REQUIRE = /\b(?:const|let|var|function|as)\s+require\b/;

/** For a bundle that is CommonJS. */
export function cjsOptions(props: HandlerProps): BuildOptions {
  const { banner, define, sourceMap } = props.bundling;
  return {
    ...commonOptions(props),
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    banner: { js: lines(banner, sourceMap && `require('./${SOURCE_MAPS}');`) },
    define,
  };
}

function commonOptions({ entry, projectRoot, baseImage, bundling }: HandlerProps): BuildOptions {
  return {
    target: nodeVersion(baseImage),
    logLevel: 'silent',
    ...optionsOfArguments(bundling.esbuildArgs ?? {}),
    entryPoints: { index: entry },
    bundle: true,
    platform: 'node',
    external: [...EXTERNAL, ...bundling.nodeModules ?? [], ...bundling.externalModules ?? []],
    minify: bundling.minify ?? false,
    sourcemap: bundling.sourceMap ?? false,
    tsconfig: bundling.tsconfig === undefined ? undefined : resolveTsconfig(bundling.tsconfig),
    loader: bundling.loader as BuildOptions['loader'],
    footer: { js: bundling.footer ?? '' },
    // Comments and source maps contain paths relative to these directories, so they are the same on every machine.
    absWorkingDir: projectRoot,
    outdir: projectRoot,
    write: false,
    metafile: true,
  };
}

/** AWS's base images have the version of Node.js in their names. For others, it is the oldest version that Lambda offers. */
function nodeVersion(baseImage: string): string {
  return `node${/\/lambda\/nodejs:(\d+)/.exec(baseImage)?.[1] ?? OLDEST_NODE}`;
}

function resolveTsconfig(file: string): string {
  const resolved = path.resolve(file);
  if (!fs.existsSync(resolved)) throw new Error(`cannot find bundling.tsconfig, "${file}": looked for ${resolved}`);
  return resolved;
}

function lines(...all: (string | false | undefined)[]): string {
  return all.filter(Boolean).join('\n');
}
