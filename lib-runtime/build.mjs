/**
 * Builds `cdk-duckdb-lambda/runtime`: CommonJS, ESM, types, and the notices of what is bundled in.
 *
 * The output has the same bytes wherever the repository is. Image layers and asset hashes depend on that.
 *
 *     node lib-runtime/build.mjs [DIRECTORY]      (default: runtime)
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const source = dirname(fileURLToPath(import.meta.url));
const root = dirname(source);
const target = resolve(process.argv[2] ?? join(root, 'runtime'));

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  // The oldest Node.js that this package supports; the image has a newer one.
  target: 'node20',
  // The client is native and must exist once in a process. The handler's project installs it.
  external: ['@duckdb/*'],
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  // The bundles of all parts are in one folder, wherever their sources are.
  plugins: [{ name: 'lazy parts', setup: ({ onLoad }) => onLoad({ filter: /lib-runtime[^.]*\.ts$/ }, ({ path }) => (
    { loader: 'ts', contents: readFileSync(path, 'utf8').replace(/(requireFromHere\(')\.{1,2}\/[^']*?([^'/]+')/g, '$1./$2') }
  )) }],
};

const ES_MODULE = join(target, 'index.mjs');

const OUTPUTS = [
  { entryPoints: ['lib-runtime/index.ts'], format: 'cjs', outfile: join(target, 'index.js') },
  {
    entryPoints: ['lib-runtime/index.ts'],
    format: 'esm',
    outfile: ES_MODULE,
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);\n"
        + "const __filename = require('node:url').fileURLToPath(import.meta.url);",
    },
    // Lambda's init phase lasts until the module is evaluated.
    footer: { js: "await globalThis[Symbol.for('cdk-duckdb-lambda.init.v1')];" },
  },
  // These parts are evaluated only when needed.
  ...[
    'diagnosis/advice',
    'aws/assume-role',
    'aws/aws-credential-chain',
    'queries/check-queries',
    'extensions/on-demand-extensions',
    'base/catalog-names',
    'bootstrap/ducklake/ducklake',
    'bootstrap/s3/environment-s3',
    'bootstrap/iceberg/iceberg',
    'bootstrap/iceberg/iceberg-time-travel',
    'queries/http/http-handler',
    'queries/http/openapi',
    'queries/manifest-files',
    'values/parameter-values',
    'values/script-parameters',
    'diagnosis/postgres-hints',
    'init/prefetch',
    'aws/rds-token',
    'queries/query-handler',
    'cursor/request-log',
    'queries/results',
    'aws/secret-providers',
  ].map((part) => (
    { entryPoints: [`lib-runtime/${part}.ts`], format: 'cjs', outfile: join(target, `${basename(part)}.js`), minify: true }
  )),
];

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const results = await Promise.all(OUTPUTS.map((output) => build({ ...common, ...output })));
writeFileSync(ES_MODULE, requiringBuiltins(readFileSync(ES_MODULE, 'utf8')));
writeFileSync(join(target, 'THIRD-PARTY-NOTICES.txt'), notices(results.flatMap(({ metafile }) => Object.keys(metafile.inputs))));
emitTypes();

/**
 * Makes esbuild's ES module load Node.js's own modules with `require`. If a module is imported, Node.js evaluates all of its exports, even
 * those that it would otherwise load on use. That takes longer than the runtime's own JavaScript.
 */
function requiringBuiltins(code) {
  return code.replace(/^import \{ (.*) \} from "(node:.*)";$/gm, (_, names, module) => `const { ${names.replaceAll(' as ', ': ')} } = require("${module}");`);
}

/** The licences of the packages that contain the given files. Packages with the same text share it. */
function notices(files) {
  const packages = [...new Set(files.map(packageOf).filter((directory) => directory !== undefined))].sort();
  const byText = new Map();
  for (const directory of packages) {
    const { name, version, license } = JSON.parse(readFileSync(join(root, directory, 'package.json'), 'utf8'));
    const text = licenceText(directory, license, name);
    byText.set(text, [...byText.get(text) ?? [], `${name} ${version} (${license})`]);
  }
  return [...byText].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`).join(`\n${'-'.repeat(80)}\n\n`);
}

function packageOf(file) {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
}

function licenceText(directory, license, name) {
  // This licence does not ask for a notice, and Powertools does not include its text.
  if (license === 'MIT-0') return 'MIT No Attribution: https://opensource.org/license/mit-0';
  const files = readdirSync(join(root, directory)).sort().filter((file) => /^(licen[cs]e|notice)(\.(md|txt))?$/i.test(file));
  // Some packages name the Apache licence without its text. This package has the same licence.
  const paths = files.length === 0 && license === 'Apache-2.0' ? [join(root, 'LICENSE')] : files.map((file) => join(root, directory, file));
  if (paths.length === 0) throw new Error(`${name} is bundled but has no licence file: it cannot be shipped`);
  return paths.map((path) => readFileSync(path, 'utf8').replaceAll('\r\n', '\n').trim()).join('\n\n');
}

function emitTypes() {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  execFileSync(process.execPath, [compiler, '-p', join(source, 'tsconfig.json'), '--outDir', target], { stdio: 'inherit' });
  writeFileSync(join(target, 'index.d.mts'), "export * from './index.js';\n");
  const reachable = new Set(declarationsFrom('index'));
  for (const file of readdirSync(target, { recursive: true }).filter((name) => name.endsWith('.d.ts'))) {
    const path = join(target, file);
    if (!reachable.has(file.slice(0, -'.d.ts'.length))) rmSync(path);
    else writeFileSync(path, tolerant(readFileSync(path, 'utf8')));
  }
  removeEmptyFolders(target);
}

function removeEmptyFolders(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) if (entry.isDirectory()) removeEmptyFolders(join(directory, entry.name));
  if (readdirSync(directory).length === 0) rmdirSync(directory);
}

/** The declaration file `name` and those that it imports. The others are private. */
function declarationsFrom(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  const text = readFileSync(join(target, `${name}.d.ts`), 'utf8');
  const importing = dirname(join(target, name));
  for (const [, imported] of text.matchAll(/(?:from|import) '(\.{1,2}\/[^']+)'/g)) declarationsFrom(relative(target, join(importing, imported)), seen);
  return seen;
}

/** Lets a project without the client compile. The client's types are then `any`. */
function tolerant(text) {
  return text.replaceAll(/^(import [^;]*'@duckdb\/[^']*';)$/gm, '// @ts-ignore: the client may not be installed\n$1');
}
