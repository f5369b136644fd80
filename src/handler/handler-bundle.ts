import * as fs from 'fs';
import * as path from 'path';
import { OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Metafile } from 'esbuild';
import { runCommands } from './command-hooks';
import { Bundle, runEsbuild } from './esbuild';
import { cjsOptions, esmOptions, SOURCE_MAPS } from './esbuild-options';
import { HandlerProps, relativeEntry } from './handler-props';
import { PerApp } from '../per-app';

/** A file of a bundle. */
interface BundledFile {
  /** Relative to the handler's folder in the image. */
  readonly name: string;
  readonly contents: Uint8Array;
}

/** A bundled handler. */
interface Bundled {
  readonly files: BundledFile[];
  /** Why the bundle does not export a name; undefined if it does, or may. */
  readonly lacks: (name: string) => string | undefined;
}

const ASSETS = path.join(__dirname, '..', '..', 'assets', 'handler');

/** The bundles by the inputs that decide them. */
const bundles = new PerApp<Bundled>();

/** Bundles the handler into a new folder, as one ES module, unless the entry or the format is CommonJS. Within an app, each handler is bundled once. */
export function bundleHandler(props: HandlerProps, target: string): void {
  const { commandHooks, ...options } = props.bundling;
  fs.mkdirSync(target);
  runCommands('beforeBundling', commandHooks?.beforeBundling(props.projectRoot, target) ?? [], props.projectRoot);
  // Commands can do anything, so a bundle with hooks is never cached.
  const key = JSON.stringify([props.entry, props.projectRoot, props.baseImage, options]);
  const { files, lacks } = commandHooks ? bundle(props) : bundles.get(props.app, key, () => bundle(props));
  const reason = lacks(props.handler);
  if (reason) {
    throw new Error(`"${relativeEntry(props)}" does not export "${props.handler}": ${reason}; export the handler or name it with the prop handler`);
  }
  for (const { name, contents } of files) {
    fs.mkdirSync(path.dirname(path.join(target, name)), { recursive: true });
    fs.writeFileSync(path.join(target, name), contents);
  }
  if (options.nodeModules?.length) {
    runCommands('beforeInstall', commandHooks?.beforeInstall(props.projectRoot, target) ?? [], props.projectRoot);
  }
  runCommands('afterBundling', commandHooks?.afterBundling(props.projectRoot, target) ?? [], props.projectRoot);
}

function bundle(props: HandlerProps): Bundled {
  const { format } = props.bundling;
  const esm = runEsbuild(props, esmOptions(props));
  refuseConstruct(esm, props);
  if (entryOf(esm.metafile, props)?.format === 'cjs') {
    if (format === OutputFormat.ESM) {
      throw new Error(`"${relativeEntry(props)}" is CommonJS, and an ES module cannot re-export its exports: leave out bundling.format`);
    }
    const cjs = runEsbuild(props, cjsOptions(props));
    return { files: filesOf(cjs, props), lacks: (name) => names(codeOf(cjs), name) ? undefined : 'its source never names it' };
  }
  const output = format === OutputFormat.CJS ? runEsbuild(props, cjsOptions(props)) : esm;
  return { files: filesOf(output, props), lacks: (name) => missingExport(esm, name) };
}

function missingExport(esm: Bundle, name: string): string | undefined {
  const exported = Object.values(esm.metafile.outputs).flatMap((output) => output.exports ?? []);
  // The exports of an external package are unknown here.
  const exportsOthers = /^export \* from /m.test(codeOf(esm));
  return exportsOthers || exported.includes(name) ? undefined : `it exports ${exported.join(', ') || 'nothing'}`;
}

/** Whether code has the name in a place where it can be assigned or exported. A name in a path or a comment does not count. */
function names(code: string, name: string): boolean {
  const escaped = name.replace(/\$/g, '\\$');
  return new RegExp(`\\.${escaped}\\b|["']${escaped}["']|(?<![\\w$])${escaped}\\s*[:,}=(]`).test(code);
}

/** The construct would bring CDK into the image, some 60 MB. */
function refuseConstruct({ metafile }: Bundle, props: HandlerProps): void {
  for (const [file, { imports }] of Object.entries(metafile.inputs)) {
    if (imports.some(({ original }) => original === 'cdk-duckdb-lambda')) {
      throw new Error(`"${relativeEntry(props)}" imports the construct, through "${file}": a handler imports the runtime, from "cdk-duckdb-lambda/runtime"`);
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
