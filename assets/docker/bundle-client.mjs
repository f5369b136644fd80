/**
 * Puts the JavaScript of DuckDB's client, some 180 files, into one: reading and compiling them one by one is most of what a
 * process pays for the client at its start. V8's own form of that file, compiled, is put beside it where it can be made, which is
 * where this Node.js runs on the architecture that the image is for.
 *
 *     node bundle-client.mjs PACKAGE ARCH      (the directory of @duckdb/node-api; as in process.arch)
 *
 * Every file stays where it is and can be imported as before; it hands out its module of the one file, so that classes exist once.
 * Names are kept, as stack traces and logged values show them. A client that is made otherwise than expected stays as it is.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';

const LOADER = 'modules.js';
const CODE = 'modules.code.js';

/** What TypeScript makes of an import. */
const REQUIRE = /\brequire\("([^"\n]+)"\)/g;
/** What has another meaning, or none, within a bundle. */
const UNFIT = /\brequire\b(?!\("[^"\n]+"\))|\bimport\s*\(|\bimport\.meta\b|\b__(?:dirname|filename)\b|\bmodule\b\s*\.|\bString\.raw\b/;
const STAR_EXPORT = /\b__exportStar\(require\("([^"\n]+)"\), exports\)/g;
const NAMED_EXPORT = /\bexports\.([A-Za-z_$][\w$]*) = |^Object\.defineProperty\(exports, "([^"]+)"/gm;

// Functions in parentheses are compiled as they are read, not looked through first and compiled when called.
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

/** V8 takes compiled code of its own version and flags, and else compiles the source; AWS's runtime may expose the garbage collector. */
const FLAGS = { 'modules.cache': [], 'modules.gc.cache': ['--expose-gc'] };

const LOAD_CODE = `"use strict";
const { existsSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const { Script } = require("node:vm");
const code = join(__dirname, "${CODE}");
const compiled = join(__dirname, typeof gc === "function" ? "modules.gc.cache" : "modules.cache");
const script = new Script(readFileSync(code, "latin1"), { filename: code, cachedData: existsSync(compiled) ? readFileSync(compiled) : undefined });
module.exports = script.runInThisContext()(require);
`;

/** Evaluates the code first, so that what that compiles is there too. */
const COMPILE = `
  const { readFileSync, writeFileSync } = require('node:fs');
  const [code, compiled] = process.argv.slice(1);
  const script = new (require('node:vm').Script)(readFileSync(code, 'latin1'), { filename: code });
  script.runInThisContext()(require('node:module').createRequire(code))('index.js');
  writeFileSync(compiled, script.createCachedData());
`;

const [client, arch] = process.argv.slice(2);
const directory = resolve(client, 'lib');
const files = bundle();
if (files.length > 0 && process.arch === arch) files.push(...compile());
for (const name of files) utimesSync(join(directory, name), 0, 0);

/** The names of the files that it wrote. */
function bundle() {
  try {
    const files = bundledFiles();
    for (const [name, text] of files) writeFileSync(join(directory, name), text);
    return [...files.keys()];
  } catch (error) {
    console.error(`DuckDB's client is left in its many files: ${error.message}`);
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
  files.set(CODE, inAscii(`${PROLOGUE}const modules = {\n${modules.join('')}};\nreturn load;\n})`));
  files.set(LOADER, LOAD_CODE);
  return files;
}

/** With a seed of its own V8 makes the same bytes each time, and so the same image. */
function compile() {
  for (const [name, flags] of Object.entries(FLAGS)) {
    execFileSync(process.execPath, ['--random-seed=1', ...flags, '--eval', COMPILE, join(directory, CODE), join(directory, name)]);
  }
  return Object.keys(FLAGS);
}

/** Text with a byte a character is read and compiled in less time. */
function inAscii(text) {
  return text.replace(/[^\x00-\x7f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function bundled(name, text, sources) {
  const [unfit] = UNFIT.exec(withoutComments(text)) ?? [];
  if (unfit !== undefined) throw new Error(`${name} uses ${unfit}`);
  return text.replace(REQUIRE, (all, wanted) => (wanted.startsWith('.') ? `load(${JSON.stringify(moduleOf(name, wanted, sources))})` : all));
}

/** Node.js finds the names that a CommonJS module exports by reading it: the assignment that never happens is for that. */
function stub(name, names) {
  const own = posix.relative(posix.dirname(name), LOADER);
  return `"use strict";
module.exports = require(${JSON.stringify(own.startsWith('.') ? own : `./${own}`)})(${JSON.stringify(name)});
0 && (module.exports = { ${[...names].join(', ')} });
`;
}

/** The names that a module exports, those of the modules that it hands on among them. */
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
  if (found === undefined) throw new Error(`${name} requires "${wanted}", which is not there`);
  return found;
}

function withoutComments(text) {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}
