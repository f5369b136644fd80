import * as fs from 'fs';
import { createRequire } from 'module';
import * as path from 'path';
import type { BuildOptions, BuildResult, Metafile } from 'esbuild';
import { DuckDbBundlingOptions } from './bundling-options';

/** A handler and how it is bundled. */
export interface HandlerProps {
  /** The handler's source file, absolute. */
  readonly entry: string;
  /** The handler's exported name. */
  readonly handler: string;
  /** The root of the handler's project, absolute. */
  readonly projectRoot: string;
  readonly bundling: DuckDbBundlingOptions;
}

/** What is not bundled: the runtime and DuckDB's client lie in the image's own `node_modules`. */
const EXTERNAL = ['cdk-duckdb-lambda/runtime', '@duckdb/node-api', '@duckdb/node-bindings'];

/** Bundles the handler to one ES module; an entry that is CommonJS stays so, as its exports are known at run time only. */
export function bundleHandler(props: HandlerProps, target: string): void {
  const esbuild = loadEsbuild(props);
  const build = (options: BuildOptions) => runEsbuild(esbuild, props, {
    entryPoints: { index: props.entry },
    bundle: true,
    platform: 'node',
    target: 'node22',
    external: EXTERNAL,
    minify: props.bundling.minify ?? false,
    sourcemap: props.bundling.sourceMap ?? false,
    // Comments and source maps hold paths relative to these, which is what makes them the same on every machine.
    absWorkingDir: props.projectRoot,
    outdir: props.projectRoot,
    write: false,
    metafile: true,
    logLevel: 'silent',
    ...options,
  });

  const esm = build({
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    // Bundled CommonJS packages use what an ES module has not. Names of the handler's own stay its own.
    banner: {
      js: 'const require = process.getBuiltinModule("node:module").createRequire(import.meta.url), '
        + '__bundleFilename = import.meta.filename, __bundleDirname = import.meta.dirname;',
    },
    define: { __filename: '__bundleFilename', __dirname: '__bundleDirname' },
  });
  refuseConstruct(esm, props);
  if (entryOf(esm.metafile, props)?.format === 'cjs') {
    const cjs = build({ format: 'cjs', outExtension: { '.js': '.cjs' } });
    if (!names(codeOf(cjs), props.handler)) throw missingExport(props, 'its source never names it');
    return writeOutput(cjs, target);
  }
  const exported = Object.values(esm.metafile.outputs).flatMap((output) => output.exports ?? []);
  // What an external package exports is not known here.
  const exportsOthers = /^export \* from /m.test(codeOf(esm));
  if (!exported.includes(props.handler) && !exportsOthers) throw missingExport(props, `it exports ${exported.join(', ') || 'nothing'}`);
  writeOutput(esm, target);
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

function writeOutput({ outputFiles }: Bundle, target: string): void {
  fs.mkdirSync(target);
  for (const file of outputFiles) {
    fs.writeFileSync(path.join(target, path.basename(file.path)), file.contents);
  }
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
  throw new Error(`cannot find esbuild, which bundles "${relative(props)}": looked in ${[...new Set(directories)].join(', ')} and above; `
    + 'install it with: npm install --save-dev esbuild');
}

function relative(props: HandlerProps): string {
  return path.relative(process.cwd(), props.entry);
}
