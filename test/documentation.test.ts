import * as fs from 'fs';
import * as path from 'path';
import { transformSync } from 'esbuild';
import * as ts from 'typescript';
import { runScript } from './lib-runtime/built-runtime';
import { config } from './lib-runtime/runtime-config';
import { temporaryDirectory } from './temporary-directory';

const ROOT = path.join(__dirname, '..');

interface Fence {
  readonly where: string;
  /** `ts` is part of a stack, as in the examples of docstrings; `mts` is a handler's file. */
  readonly language: string;
  readonly code: string;
}

/** Declares what an example of a docstring takes for granted. */
function inHandler(code: string): string {
  const given = Object.entries({ c: 'Cursor', s: 'Session' }).filter(([name]) => !code.includes(`using ${name} =`));
  return PRELUDE + given.map(([name, type]) => `declare const ${name}: ${type};\n`).join('') + code;
}

const PRELUDE = `
  import {
    cursor, DEFAULT_BOOTSTRAP, DuckDB, DuckDbError, DuckDbRetryableError, memoryBudget, queryHandler, registerBootstrapStep, session, withDuckDB, writeRows,
  } from 'cdk-duckdb-lambda/runtime';
  import type { Cursor, Session } from 'cdk-duckdb-lambda/runtime';
  declare const awslambda: any;
  interface Order { id: number }
  declare function send(rows: Order[]): Promise<void>;
  declare function generateReports(database: DuckDB): Promise<void>;
`;

/** The examples in a document, of which each begins after `before`. */
function fences(file: string, before = /^/): Fence[] {
  const text = fs.readFileSync(path.join(ROOT, file), 'utf8');
  return [...text.matchAll(new RegExp(`${before.source}\`\`\`(ts|mts)\\n([^]*?)^\`\`\``, 'gm'))].map((match) => ({
    where: `${file}:${text.slice(0, match.index).split('\n').length}`, language: match[1], code: match[2],
  }));
}

const documents = ['README.md', 'CONTRIBUTING.md', ...fs.readdirSync(path.join(ROOT, 'docs')).map((name) => `docs/${name}`)]
  .filter((name) => name.endsWith('.md'));
/** The reference of the runtime has declarations too, which do not compile by themselves. Its examples take their imports for granted. */
const REFERENCE = 'docs/runtime.md';
const references = fences(REFERENCE, /^#+ Example\n\n/).map(({ where, code }) => ({ where, language: 'mts', code: inHandler(code) }));
const examples = [...documents.filter((name) => name !== REFERENCE).flatMap((name) => fences(name)), ...references];
const fixture = fs.readFileSync(path.join(ROOT, 'rosetta', 'default.ts-fixture'), 'utf8');

// One program for all examples, in files that exist in memory only, at the root so that the package's own name resolves.
const sources = new Map(examples.map(({ language, code }, i) =>
  [path.join(ROOT, `example-${i}.${language}`), language === 'ts' ? inStack(code) : code]));

/** Like rosetta, puts declarations before the class, and everything else into its constructor. */
function inStack(code: string): string {
  const declared = /^declare .*;\n/gm;
  return fixture.replace('class Fixture', `${(code.match(declared) ?? []).join('')}class Fixture`).replace('/// here', code.replace(declared, ''));
}
let diagnostics: readonly ts.Diagnostic[];

beforeAll(() => {
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
  };
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  host.fileExists = (file) => sources.has(path.normalize(file)) || fileExists.call(host, file);
  host.readFile = (file) => sources.get(path.normalize(file)) ?? readFile.call(host, file);
  host.getSourceFile = (file, ...rest) => {
    const source = sources.get(path.normalize(file));
    return source === undefined ? getSourceFile.call(host, file, ...rest) : ts.createSourceFile(file, source, rest[0]);
  };
  diagnostics = ts.getPreEmitDiagnostics(ts.createProgram([...sources.keys()], options, host));
});

test('there are examples of both kinds', () => {
  expect(new Set(examples.map(({ language }) => language))).toEqual(new Set(['ts', 'mts']));
});

test.each(examples.map(({ where }, i) => [where, i] as const))('the example at %s compiles', (_, i) => {
  const file = [...sources.keys()][i];
  const found = diagnostics.filter((each) => each.file && path.normalize(each.file.fileName) === file);
  expect(found.map((each) => ts.flattenDiagnosticMessageText(each.messageText, '\n'))).toEqual([]);
});

test('the example with Powertools runs: its logger, metrics and tracer hear of queries', async () => {
  const { code } = examples.find((example) => example.code.includes('@aws-lambda-powertools/tracer'))!;
  // Without an X-Ray daemon, the tracer has no segment.
  const script = transformSync(`${code}
    import { cursor } from 'cdk-duckdb-lambda/runtime';
    await cursor((c) => c.query('SELECT 1 AS one'));
    await cursor((c) => c.query('FROM missing')).catch(() => undefined);
    await cursor((c) => c.execute('FROM warehouse.t')).catch(() => undefined);
    console.log(JSON.stringify({ subsegments }));
  `, { loader: 'ts', format: 'esm' }).code.replace('const tracer = new Tracer();', `
    const subsegments = [];
    const tracer = { getSegment: () => ({ addNewSubsegment: (name) => ({ close: () => subsegments.push(name) }) }) };`);
  const { stdout, stderr } = await runScript(script, {
    env: {
      POWERTOOLS_LOG_LEVEL: 'DEBUG',
      ...config({ steps: [{ name: 'warehouse', type: 'sql', config: { statements: ["ATTACH ':memory:' AS warehouse"] }, provides: ['warehouse'] } as never] }),
    },
  });
  const values = (text: string) => text.trim().split('\n').map((line) => JSON.parse(line));
  expect(values(stdout)).toMatchObject([
    { level: 'DEBUG', message: 'query', operation: 'SELECT', rows: 1 },
    { _aws: { CloudWatchMetrics: [{ Namespace: 'Reports' }] }, step: 'warehouse', bootstrap: expect.any(Number) },
    { subsegments: ['duckdb SELECT', 'duckdb FROM', 'duckdb FROM'] },
  ]);
  expect(values(stderr)).toMatchObject(Array(2).fill({ level: 'ERROR', message: 'query failed', error: { name: 'QueryError' } }));
});

test('the three ways to a connection in README.md work in the first invocation of a process and in the next', async () => {
  const { code } = examples.find((example) => example.where.startsWith('README.md') && example.code.includes("s.attach('evaluations.duckdb')"))!;
  const [imports, ...body] = transformSync(code, { loader: 'ts', format: 'esm', target: 'es2022' }).code.split('\n');
  const script = `${imports}\nfor (const invocation of [1, 2]) {\n${body.join('\n')}\nconsole.log(invocation, orders);\n}`;
  expect(await runScript(script, { env: { TMPDIR: temporaryDirectory() } })).toEqual({ code: 0, stdout: '1 42\n2 42\n', stderr: '' });
});

test('every public class of the construct has an example', () => {
  interface Type { name: string; kind: string; docs?: { example?: string } }
  const { types } = JSON.parse(fs.readFileSync(path.join(ROOT, '.jsii'), 'utf8')) as { types: Record<string, Type> };
  const classes = Object.values(types).filter(({ kind }) => kind === 'class');
  expect(classes.length).toBeGreaterThan(15);
  expect(classes.filter(({ docs }) => !docs?.example).map(({ name }) => name)).toEqual([]);
});

test('every class and function that a handler imports has an example, or, as an error with a code of its own, one in docs/errors.md', () => {
  const index = path.join(ROOT, 'lib-runtime/index.ts');
  const program = ts.createProgram([index], { module: ts.ModuleKind.CommonJS, moduleResolution: ts.ModuleResolutionKind.Bundler });
  const checker = program.getTypeChecker();
  const errors = fs.readFileSync(path.join(ROOT, 'docs/errors.md'), 'utf8');
  // Types and interfaces have no value.
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(index)!)!)
    .map((symbol) => checker.getAliasedSymbol(symbol)).filter(({ valueDeclaration }) => valueDeclaration !== undefined);
  expect(exported.length).toBeGreaterThan(20);
  const hasExample = (symbol: ts.Symbol) => symbol.getJsDocTags(checker).some(({ name }) => name === 'example')
    || errors.includes(`| \`${symbol.name}\` |`);
  expect(exported.filter((symbol) => !hasExample(symbol)).map(({ name }) => name)).toEqual([]);
});

/** Parts of an example, whose first line names its file. */
const excerpts = documents.flatMap((document) => [...fs.readFileSync(path.join(ROOT, document), 'utf8').matchAll(/^```\w+\n(?:\/\/|--) (examples\/\S+)\n([^]*?)^```/gm)]
  .map(([, file, code]) => ({ document, file: file!, code: code! })));

test('there are excerpts of examples', () => expect(excerpts.length).toBeGreaterThan(0));

test.each(excerpts)('$document has what $file has', ({ file, code }) => {
  expect(fs.readFileSync(path.join(ROOT, file), 'utf8')).toContain(code);
});

test('links between the documents lead to a file, and to a heading in it', () => {
  const links = documents.flatMap((name) => [...fs.readFileSync(path.join(ROOT, name), 'utf8').matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)]
    .map(([, target, anchor]) => ({ from: name, to: target ? path.join(path.dirname(name), target) : name, anchor })));
  expect(links.filter(({ to }) => !fs.existsSync(path.join(ROOT, to)))).toEqual([]);
  expect(links.filter(({ to, anchor }) => anchor !== undefined && !anchors(to).has(anchor))).toEqual([]);
});

/** The anchors that GitHub gives to the headings of a document, and those that the document has itself. */
function anchors(file: string): Set<string> {
  const text = fs.readFileSync(path.join(ROOT, file), 'utf8');
  const tags = [...text.matchAll(/<a [^>]+>/g)].map(([tag]) => tag);
  const found = new Set(tags.flatMap((tag) => [...tag.matchAll(/ (?:id|name)="([^"]+)"/g)].map(([, id]) => id!)));
  for (const [, heading] of text.replace(/^```[^]*?^```/gm, '').matchAll(/^#+ (.*)$/gm)) {
    const slug = heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replaceAll(' ', '-');
    let name = slug;
    for (let count = 1; found.has(name); count++) name = `${slug}-${count}`;
    found.add(name);
  }
  return found;
}
