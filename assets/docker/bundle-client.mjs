/**
 * Puts the JavaScript of DuckDB's client, some 180 files, into one: reading and compiling them one by one is most of what a
 * process pays for the client at its start.
 *
 *     node bundle-client.mjs PACKAGE      (the directory of @duckdb/node-api)
 *
 * Every file stays where it is and can be imported as before; it hands out its module of the one file, so that classes exist once.
 * Names are kept, as stack traces and logged values show them. A client that is made otherwise than expected stays as it is.
 */
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';

const BUNDLE = 'modules.js';

/** What TypeScript makes of an import. */
const REQUIRE = /\brequire\("([^"\n]+)"\)/g;
/** What has another meaning, or none, within a bundle. */
const UNFIT = /\brequire\b(?!\("[^"\n]+"\))|\bimport\s*\(|\bimport\.meta\b|\b__(?:dirname|filename)\b|\bmodule\b\s*\./;
const STAR_EXPORT = /^(?:__exportStar|tslib_\d+\.__exportStar)\(require\("([^"]+)"\), exports\);$/gm;
const NAMED_EXPORT = /\bexports\.([A-Za-z_$][\w$]*) = |^Object\.defineProperty\(exports, "([^"]+)"/gm;

// Functions in parentheses are compiled as they are read, not looked through first and compiled when called.
const PROLOGUE = `"use strict";
const loaded = Object.create(null);
module.exports = load;
function load(name) {
  const known = loaded[name];
  if (known !== undefined) return known.exports;
  const module = loaded[name] = { exports: {} };
  modules[name].call(module.exports, module.exports, module);
  return module.exports;
}
`;

try {
  bundle(join(process.argv[2], 'lib'));
} catch (error) {
  console.error(`DuckDB's client is left in its many files: ${error.message}`);
}

function bundle(directory) {
  const sources = new Map(readdirSync(directory, { recursive: true }).filter((name) => name.endsWith('.js')).sort().map((name) => (
    [name, readFileSync(join(directory, name), 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '')]
  )));
  if (sources.has(BUNDLE)) throw new Error(`it has a file ${BUNDLE} of its own`);
  const modules = [...sources].map(([name, text]) => `${JSON.stringify(name)}: (function (exports, module) {\n${bundled(name, text, sources)}\n}),\n`);
  const files = new Map([...sources.keys()].map((name) => [name, stub(name, exportsOf(name, sources))]));
  files.set(BUNDLE, `${PROLOGUE}const modules = {\n${modules.join('')}};\n`);
  for (const [name, text] of files) {
    writeFileSync(join(directory, name), text);
    utimesSync(join(directory, name), 0, 0);
  }
}

function bundled(name, text, sources) {
  const [unfit] = UNFIT.exec(withoutComments(text)) ?? [];
  if (unfit !== undefined) throw new Error(`${name} uses ${unfit}`);
  return text.replace(REQUIRE, (all, wanted) => (wanted.startsWith('.') ? `load(${JSON.stringify(resolve(name, wanted, sources))})` : all));
}

/** Node.js finds the names that a CommonJS module exports by reading it: the assignment that never happens is for that. */
function stub(name, names) {
  const own = posix.relative(posix.dirname(name), BUNDLE);
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
  const others = [...text.matchAll(STAR_EXPORT)].flatMap(([, wanted]) => [...exportsOf(resolve(name, wanted, sources), sources, seen)]);
  return new Set([...own, ...others]);
}

function resolve(name, wanted, sources) {
  const path = posix.join(posix.dirname(name), wanted);
  const found = [path, `${path}.js`, `${path}/index.js`].find((candidate) => sources.has(candidate));
  if (found === undefined) throw new Error(`${name} requires "${wanted}", which is not there`);
  return found;
}

function withoutComments(text) {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}
