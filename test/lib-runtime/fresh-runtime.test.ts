import { freshRuntime, type Runtime } from './fresh-runtime';

const count = ({ cursor }: Runtime) => cursor((c) => c.queryOne("SELECT count(*)::INTEGER AS n FROM duckdb_tables() WHERE table_name = 'kept'"));
const keep = ({ cursor }: Runtime) => cursor((c) => c.execute('CREATE TABLE kept (i INTEGER)'));

let ofFile: Runtime;
beforeAll(async () => {
  ofFile = freshRuntime();
  await keep(ofFile);
});
let ofTest: Runtime;

test('runtimes side by side have tables of their own', async () => {
  const other = freshRuntime();
  ofTest = freshRuntime();
  await keep(ofTest);
  expect(await Promise.all([ofFile, ofTest, other].map(count))).toEqual([{ n: 1 }, { n: 1 }, { n: 0 }]);
});

test('no handler closes an instance, however much memory the tests of this process use', async () => {
  const runtime = freshRuntime();
  await runtime.withDuckDB(() => keep(runtime))();
  process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE = '1'; // MB
  await runtime.withDuckDB(async () => undefined)();
  expect(await count(runtime)).toEqual({ n: 1 });
});

test('after a test, the instances are closed of the runtimes that it has made, and of no others', async () => {
  expect(await Promise.all([ofFile, ofTest].map(count))).toEqual([{ n: 1 }, { n: 0 }]);
});
