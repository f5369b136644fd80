/**
 * Puts the JavaScript of DuckDB's client, some 180 files, into one file. Reading and compiling the files one by one takes most of the
 * client's start. If this Node.js runs on the image's architecture, the script also puts V8's compiled form of that file beside it.
 *
 *     node bundle-client.mjs PACKAGE ARCH      (the directory of @duckdb/node-api; as in process.arch)
 *
 * Every file stays in place and can be imported as before. It hands out its module of the one file, so that classes exist once. Names are
 * kept, because stack traces and logged values show them. A client with an unexpected structure stays as it is.
 */
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';
import { codeOf, compile, inAscii, loaderOf } from './compiled-code.mjs';

const NAME = 'modules';
const LOADER = `${NAME}.js`;
/** Runs a query, so that the compiled form includes functions that V8 compiles when they are called. */
const EVALUATE = `
  const { DuckDBInstance } = script.runInThisContext()(require('node:module').createRequire(code))('index.js');
  const connection = await (await DuckDBInstance.create()).connect();
  const result = await connection.run("SELECT 1 AS one, 'a' AS text, true AS flag WHERE $bound = 'b'", { bound: 'b' });
  await result.getRowObjectsJson();
`;

/** TypeScript's output for an import. */
const REQUIRE = /\brequire\("([^"\n]+)"\)/g;
/** Code that has another meaning, or none, within a bundle. */
const UNFIT = /\brequire\b(?!\("[^"\n]+"\))|\bimport\s*\(|\bimport\.meta\b|\b__(?:dirname|filename)\b|\bmodule\b\s*\.|\bString\.raw\b/;
const STAR_EXPORT = /\b__exportStar\(require\("([^"\n]+)"\), exports\)/g;
const NAMED_EXPORT = /\bexports\.([A-Za-z_$][\w$]*) = |^Object\.defineProperty\(exports, "([^"]+)"/gm;
/** The export of `@duckdb/node-bindings`: only the binary. */
const EXPORTS_BINDING = /^module\.exports = getNativeNodeBinding\(getRuntimePlatformArch\(\)\);$/m;

// V8 compiles functions in parentheses while reading them. It only scans other functions, and compiles them when they are called.
const PROLOGUE = `(function (require) {
"use strict";
const loaded = Object.create(null);
function load(name) {
  const known = loaded[name];
  if (known !== undefined) return known.exports;
  const module = loaded[name] = { exports: {} };
  try {
    modules[name].call(module.exports, module.exports, module);
  } catch (error) {
    delete loaded[name];
    throw error;
  }
  return module.exports;
}
`;

const [client, arch] = process.argv.slice(2);
const directory = resolve(client, 'lib');
const files = bundle();
if (files.length > 0 && process.arch === arch) files.push(...compiled());
for (const name of files) utimesSync(join(directory, name), 0, 0);
requireBinary();

/**
 * Makes `@duckdb/node-bindings` load the one installed binary. By default, it first determines the C library with a package that is not
 * installed.
 */
function requireBinary() {
  const bindings = resolve(client, '..', 'node-bindings', 'duckdb.js');
  const binary = `@duckdb/node-bindings-linux-${arch}/duckdb.node`;
  const known = existsSync(bindings) && existsSync(resolve(client, '..', '..', binary)) && readFileSync(bindings, 'utf8');
  if (!known || !known.includes(`require('${binary}')`) || !EXPORTS_BINDING.test(known)) {
    console.error(`DuckDB's client looks for its binary itself: ${bindings} has an unexpected structure`);
    return;
  }
  writeFileSync(bindings, `"use strict";\nconst binding = require("${binary}");\nmodule.exports = binding;\n`);
  utimesSync(bindings, 0, 0);
}

/** The names of the files that it wrote. */
function compiled() {
  try {
    return compile(directory, NAME, EVALUATE);
  } catch (error) {
    console.error(`DuckDB's client is not precompiled: ${error.message}`);
    return [];
  }
}

/** The names of the files that it wrote. */
function bundle() {
  try {
    const files = bundledFiles();
    for (const [name, text] of files) writeFileSync(join(directory, name), text);
    return [...files.keys()];
  } catch (error) {
    console.error(`DuckDB's client is not put into one file: ${error.message}`);
    return [];
  }
}

function bundledFiles() {
  const sources = new Map(readdirSync(directory, { recursive: true }).filter((name) => name.endsWith('.js')).sort().map((name) => (
    [name, readFileSync(join(directory, name), 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '')]
  )));
  if (sources.has(LOADER)) throw new Error(`it has a file ${LOADER} of its own`);
  const modules = [...sources].map(([name, text]) => `${JSON.stringify(name)}: (function (exports, module) {\n${bundled(name, text, sources)}\n}),\n`);
  const files = new Map([...sources.keys()].map((name) => [name, stub(name, exportsOf(name, sources))]));
  files.set(codeOf(NAME), inAscii(`${PROLOGUE}const modules = {\n${modules.join('')}};\nreturn load;\n})`));
  files.set(LOADER, loaderOf(NAME, 'module.exports = script.runInThisContext()(require);'));
  return files;
}

function bundled(name, text, sources) {
  const [unfit] = UNFIT.exec(withoutComments(text)) ?? [];
  if (unfit !== undefined) throw new Error(`${name} uses ${unfit}`);
  return text.replace(REQUIRE, (all, wanted) => (wanted.startsWith('.') ? `load(${JSON.stringify(moduleOf(name, wanted, sources))})` : all));
}

/** Node.js finds the exports of a CommonJS module by reading its text. The assignment that never runs is for that. */
function stub(name, names) {
  const own = posix.relative(posix.dirname(name), LOADER);
  return `"use strict";
module.exports = require(${JSON.stringify(own.startsWith('.') ? own : `./${own}`)})(${JSON.stringify(name)});
0 && (module.exports = { ${[...names].join(', ')} });
`;
}

/** The names that a module exports, including those that it re-exports from other modules. */
function exportsOf(name, sources, seen = new Set()) {
  if (seen.has(name)) return new Set();
  seen.add(name);
  const text = sources.get(name);
  const own = [...text.matchAll(NAMED_EXPORT)].map(([, assigned, defined]) => assigned ?? defined).filter((each) => each !== 'default');
  const others = [...text.matchAll(STAR_EXPORT)].flatMap(([, wanted]) => [...exportsOf(moduleOf(name, wanted, sources), sources, seen)]);
  return new Set([...own, ...others]);
}

function moduleOf(name, wanted, sources) {
  const path = posix.join(posix.dirname(name), wanted);
  const found = [path, `${path}.js`, `${path}/index.js`].find((candidate) => sources.has(candidate));
  if (found === undefined) throw new Error(`${name} requires "${wanted}", which does not exist`);
  return found;
}

function withoutComments(text) {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}
