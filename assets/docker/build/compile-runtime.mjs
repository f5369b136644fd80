/**
 * Puts V8's compiled form of the runtime's JavaScript beside it, if this Node.js runs on the image's architecture.
 *
 *     node compile-runtime.mjs PACKAGE ARCH      (the directory of cdk-duckdb-lambda, with DuckDB's client within reach; as in process.arch)
 *
 * `import` then returns the same copy of the runtime as `require`, instead of a second one. A runtime that cannot run here stays as it is.
 */
import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { codeOf, compile, inAscii, loaderOf } from './compiled-code.mjs';

const NAME = 'index';
const LOADER = `${NAME}.js`;
const ES_MODULE = `${NAME}.mjs`;
const PARAMETERS = 'exports, require, module, __filename, __dirname';

/** The parts that answer the events of query functions: all, and those of HTTP. The others are small, or seldom needed. */
const QUERIES = 'query-handler';
const HTTP = 'http-handler';

/** Runs a module as in Lambda, so that its compiled form includes functions that V8 compiles when they are called. */
const EVALUATE = `
  const module = { exports: {} };
  const fromHere = require('node:module').createRequire(code);
  script.runInThisContext()(module.exports, fromHere, module, code, require('node:path').dirname(code));
`;
/** Answers an event with a query. `handler` is the code's own module of query functions. */
const answering = (handler, event) => `
  const { join } = require('node:path');
  const { mkdtempSync, rmSync } = require('node:fs');
  const queries = mkdtempSync(join(require('node:os').tmpdir(), 'queries-'));
  writeFileSync(join(queries, 'one.sql'), "-- @param text VARCHAR = 'a'\\nSELECT 1 AS one, $text AS text");
  const { cursor } = fromHere('./${LOADER}');
  await ${handler}.eventAnswerer({ queries }, cursor).answer(${JSON.stringify(event)});
  rmSync(queries, { recursive: true });
`;
/** What is done with each module after that. */
const USES = {
  [NAME]: `await module.exports.cursor((c) => c.query("SELECT 1 AS one, 'a' AS text, true AS flag"));`,
  [QUERIES]: answering('module.exports', { query: 'one', params: { text: 'b' } }),
  // The module of query functions gets this copy when it loads the part.
  [HTTP]: `
    fromHere.cache[fromHere.resolve('./${HTTP}.js')] = { exports: module.exports, loaded: true };
    ${answering(`fromHere('./${QUERIES}.js')`, { version: '2.0', rawPath: '/one', rawQueryString: 'text=b', requestContext: { http: { method: 'GET' } } })}
  `,
};
const LAMBDA = { AWS_LAMBDA_FUNCTION_NAME: 'function', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769', AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001' };

const [target, arch] = process.argv.slice(2);
const directory = resolve(target, 'runtime');
if (process.arch === arch) compileRuntime();

function compileRuntime() {
  let files;
  try {
    files = compiledFiles();
  } catch (error) {
    for (const name of Object.keys(USES)) rmSync(join(directory, codeOf(name)), { force: true });
    console.error(`the runtime is not precompiled: ${error.message}`);
    return;
  }
  for (const [name, text] of files) writeFileSync(join(directory, name), text);
  for (const name of readdirSync(directory)) utimesSync(join(directory, name), 0, 0);
  utimesSync(directory, 0, 0);
}

/** Writes the code and its compiled form, which are not used yet. Returns the files that use them. */
function compiledFiles() {
  const names = Object.keys(createRequire(join(directory, LOADER))(`./${LOADER}`)).join(', ');
  const init = readFileSync(join(directory, ES_MODULE), 'utf8').trim().split('\n').at(-1);
  if (!init.startsWith('await ')) throw new Error(`${ES_MODULE} does not end by awaiting the init phase`);
  for (const [name, use] of Object.entries(USES)) {
    // Stays on the first line, so that lines keep their numbers.
    writeFileSync(join(directory, codeOf(name)), inAscii(`(function (${PARAMETERS}) { ${readFileSync(join(directory, `${name}.js`), 'utf8')}\n})`));
    compile(directory, name, EVALUATE + use, { ...process.env, ...LAMBDA });
  }
  const loader = (name) => loaderOf(name, `script.runInThisContext()(${PARAMETERS});`);
  return new Map([
    [LOADER, `${loader(NAME)}0 && (module.exports = { ${names} });\n`],
    ...[QUERIES, HTTP].map((name) => [`${name}.js`, loader(name)]),
    [ES_MODULE, `import { createRequire } from 'node:module';\nexport const { ${names} } = createRequire(import.meta.url)('./${LOADER}');\n${init}\n`],
  ]);
}
