import * as fs from 'fs';
import { createRequire } from 'module';
import * as path from 'path';
import { OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { IConstruct } from 'constructs';
import type { BuildOptions, BuildResult, Metafile } from 'esbuild';
import { DuckDbBundlingOptions } from './bundling-options';
import { runCommands } from './command-hooks';
import { optionsOfArguments } from './esbuild-arguments';

/** A handler and how it is bundled. */
export interface HandlerProps {
  /** The app that the function is part of. */
  readonly app: IConstruct;
  /** The handler's source file, absolute. */
  readonly entry: string;
  /** The handler's exported name. */
  readonly handler: string;
  /** The root of the handler's project, absolute. */
  readonly projectRoot: string;
  readonly bundling: DuckDbBundlingOptions;
}

/** A file of a bundle. */
interface BundledFile {
  /** Relative to the handler's folder in the image. */
  readonly name: string;
  readonly contents: Uint8Array;
}

const ASSETS = path.join(__dirname, '..', 'assets', 'handler');

/** What is not bundled: the runtime and DuckDB's client lie in the image's own `node_modules`. */
const EXTERNAL = ['cdk-duckdb-lambda/runtime', '@duckdb/node-api', '@duckdb/node-bindings'];

/** Makes stack traces name the lines of the source; it lies beside the handler. */
const SOURCE_MAPS = 'source-maps.cjs';

/** Of each app, by what decides them: no source changes while an app is synthesised, but it may before the next one is. */
const bundles = new WeakMap<IConstruct, Map<string, BundledFile[]>>();

/** Bundles the handler into a new folder: to one ES module, unless it is or shall be CommonJS. Within an app each is bundled once. */
export function bundleHandler(props: HandlerProps, target: string): void {
  const { commandHooks, ...options } = props.bundling;
  fs.mkdirSync(target);
  runCommands('beforeBundling', commandHooks?.beforeBundling(props.projectRoot, target) ?? [], props.projectRoot);
  // What commands do is not known, so that behind them nothing is as it was.
  const files = commandHooks ? bundle(props) : bundleOnce(props, JSON.stringify([props.entry, props.handler, props.projectRoot, options]));
  for (const { name, contents } of files) {
    fs.mkdirSync(path.dirname(path.join(target, name)), { recursive: true });
    fs.writeFileSync(path.join(target, name), contents);
  }
  if (options.nodeModules?.length) {
    runCommands('beforeInstall', commandHooks?.beforeInstall(props.projectRoot, target) ?? [], props.projectRoot);
  }
  runCommands('afterBundling', commandHooks?.afterBundling(props.projectRoot, target) ?? [], props.projectRoot);
}

function bundleOnce(props: HandlerProps, key: string): BundledFile[] {
  const ofApp = bundles.get(props.app) ?? new Map<string, BundledFile[]>();
  bundles.set(props.app, ofApp);
  const files = ofApp.get(key) ?? bundle(props);
  ofApp.set(key, files);
  return files;
}

function bundle(props: HandlerProps): BundledFile[] {
  const esbuild = loadEsbuild(props);
  const esm = runEsbuild(esbuild, props, esmOptions(props));
  refuseConstruct(esm, props);
  const isCommonJs = entryOf(esm.metafile, props)?.format === 'cjs';
  if (isCommonJs && props.bundling.format === OutputFormat.ESM) {
    throw new Error(`"${relative(props)}" is CommonJS, whose exports an ES module cannot hand on: leave out bundling.format`);
  }
  if (!isCommonJs) expectExport(esm, props);
  if (!isCommonJs && props.bundling.format !== OutputFormat.CJS) return filesOf(esm, props);

  const cjs = runEsbuild(esbuild, props, cjsOptions(props));
  if (isCommonJs && !names(codeOf(cjs), props.handler)) throw missingExport(props, 'its source never names it');
  return filesOf(cjs, props);
}

function esmOptions(props: HandlerProps): BuildOptions {
  const { banner = '', define, sourceMap } = props.bundling;
  return {
    ...commonOptions(props),
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    // Bundled CommonJS packages use what an ES module has not. Names of the handler's own stay its own.
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

/** As it is often done by hand in the banner of an ES module. */
const DECLARES_REQUIRE = /\b(?:const|let|var|function|as)\s+require\b/;

function cjsOptions(props: HandlerProps): BuildOptions {
  const { banner, define, sourceMap } = props.bundling;
  return {
    ...commonOptions(props),
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    banner: { js: lines(banner, sourceMap && `require('./${SOURCE_MAPS}');`) },
    define,
  };
}

function commonOptions({ entry, projectRoot, bundling }: HandlerProps): BuildOptions {
  return {
    target: 'node22',
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
    // Comments and source maps hold paths relative to these, which is what makes them the same on every machine.
    absWorkingDir: projectRoot,
    outdir: projectRoot,
    write: false,
    metafile: true,
  };
}

function resolveTsconfig(file: string): string {
  const resolved = path.resolve(file);
  if (!fs.existsSync(resolved)) throw new Error(`cannot find bundling.tsconfig, "${file}": looked for ${resolved}`);
  return resolved;
}

function lines(...all: (string | false | undefined)[]): string {
  return all.filter(Boolean).join('\n');
}

function expectExport(esm: Bundle, props: HandlerProps): void {
  const exported = Object.values(esm.metafile.outputs).flatMap((output) => output.exports ?? []);
  // What an external package exports is not known here.
  const exportsOthers = /^export \* from /m.test(codeOf(esm));
  if (!exported.includes(props.handler) && !exportsOthers) throw missingExport(props, `it exports ${exported.join(', ') || 'nothing'}`);
}

/** Whether code has the name where one can be assigned or exported; in a path or a comment it does not count. */
function names(code: string, name: string): boolean {
  const escaped = name.replace(/\$/g, '\\$');
  return new RegExp(`\\.${escaped}\\b|["']${escaped}["']|(?<![\\w$])${escaped}\\s*[:,}=(]`).test(code);
}

function missingExport(props: HandlerProps, reason: string): Error {
  return new Error(`"${relative(props)}" does not export "${props.handler}": ${reason}; export the handler or name it with the prop handler`);
}

/** The construct would bring CDK into the image, some 60 MB. */
function refuseConstruct({ metafile }: Bundle, props: HandlerProps): void {
  for (const [file, { imports }] of Object.entries(metafile.inputs)) {
    if (imports.some(({ original }) => original === 'cdk-duckdb-lambda')) {
      throw new Error(`"${relative(props)}" imports the construct, by "${file}": a handler imports the runtime, from "cdk-duckdb-lambda/runtime"`);
    }
  }
}

function codeOf({ outputFiles }: Bundle): string {
  return outputFiles.filter(({ path: file }) => /js$/.test(file)).map(({ text }) => text).join('\n');
}

function filesOf({ outputFiles }: Bundle, { projectRoot, bundling }: HandlerProps): BundledFile[] {
  const files = outputFiles.map(({ path: file, contents }) => ({ name: path.relative(projectRoot, file), contents }));
  return bundling.sourceMap ? [...files, { name: SOURCE_MAPS, contents: fs.readFileSync(path.join(ASSETS, SOURCE_MAPS)) }] : files;
}

function entryOf(metafile: Metafile, props: HandlerProps): Metafile['inputs'][string] | undefined {
  return metafile.inputs[path.relative(props.projectRoot, props.entry).split(path.sep).join('/')];
}

type Bundle = BuildResult<{ metafile: true; write: false }>;

function runEsbuild(esbuild: typeof import('esbuild'), props: HandlerProps, options: BuildOptions): Bundle {
  let result: BuildResult;
  try {
    result = esbuild.buildSync(options);
  } catch (error) {
    const messages = (error as { errors?: import('esbuild').Message[] }).errors;
    if (!messages?.length) throw error;
    const texts = esbuild.formatMessagesSync(messages, { kind: 'error', color: false });
    throw new Error(`cannot bundle "${relative(props)}":\n${texts.join('\n').trim()}`);
  }
  for (const text of esbuild.formatMessagesSync(result.warnings, { kind: 'warning', color: false })) {
    process.stderr.write(text);
  }
  return result as Bundle;
}

/** The esbuild of the user: an own copy would be a binary for each platform in this package. */
function loadEsbuild(props: HandlerProps): typeof import('esbuild') {
  const directories = [path.dirname(props.entry), props.projectRoot, process.cwd()];
  for (const directory of directories) {
    const from = createRequire(path.join(directory, 'package.json'));
    try {
      from.resolve('esbuild');
    } catch {
      continue;
    }
    return from('esbuild');
  }
  const looked = `cannot find esbuild, which bundles "${relative(props)}": looked in ${[...new Set(directories)].join(', ')} and above`;
  const plugAndPlay = process.versions.pnp === undefined && directories.some(isPlugAndPlay);
  throw new Error(plugAndPlay
    ? `${looked}; the project is installed by Yarn Plug'n'Play, whose packages only yarn's own processes find: synthesise with yarn, as in `
      + '"yarn cdk synth", or set "nodeLinker: node-modules" in .yarnrc.yml'
    : `${looked}; install it with: npm install --save-dev esbuild`);
}

/** Whether a project in the directory, or in one above it, has its packages in archives. */
function isPlugAndPlay(directory: string): boolean {
  const above = path.dirname(directory);
  return fs.existsSync(path.join(directory, '.pnp.cjs')) || (above !== directory && isPlugAndPlay(above));
}

function relative(props: HandlerProps): string {
  return path.relative(process.cwd(), props.entry);
}
