import * as fs from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { client } from '../../assets/docker/versions.json';
import { DuckDbQueryFunction } from '../../src';
import { project, staged, stagedQueries, write } from '../staged';
import { temporaryDirectory } from '../temporary-directory';

/** A folder of queries elsewhere, with the given files. */
function folderOf(files: { [name: string]: string | Buffer }): string {
  const folder = path.join(temporaryDirectory(), 'queries');
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), content);
  }
  return folder;
}

const hash = (files: { [name: string]: string | Buffer }) => path.basename(stagedQueries({ queries: folderOf(files) }).context);

test('the context holds this package\'s handler and the query files, and neither needs a project or a bundler', () => {
  const { context, file } = stagedQueries({ queries: folderOf({ 'answer.sql': 'SELECT 42', 'reports/daily.sql': 'SELECT 1' }) });
  expect(fs.readdirSync(context).sort()).toEqual(['Dockerfile', 'Dockerfile.with-secrets', 'handler', 'installer', 'queries', 'runtime']);
  expect(fs.readdirSync(path.join(context, 'handler'))).toEqual(['index.mjs']);
  expect(file('handler/index.mjs')).toContain('export const handler = queryHandler({ queries: \'queries\' });');
  expect(file('queries/answer.sql')).toBe('SELECT 42');
  expect(file('queries/reports/daily.sql')).toBe('SELECT 1');
});

test('the query files are the last layer, and other functions have none', () => {
  const dockerfile = stagedQueries({ queries: folderOf({ 'answer.sql': 'SELECT 42' }) }).file('Dockerfile').trim().split('\n');
  expect(dockerfile.slice(-2)).toEqual(['COPY --from=files /files/handler /var/task', 'COPY --from=files /files/queries /var/task/queries']);
  expect(dockerfile.filter((line) => line.startsWith('# end of') || line.includes('modules /'))).toEqual([]);
  const other = staged({ entry: write('handler.ts', 'export const handler = () => 1;') });
  expect(other.file('Dockerfile')).not.toContain('queries');
});

test('the check of query files stays out of the image, so that its changes redeploy nothing', () => {
  const { context } = stagedQueries({ queries: folderOf({ 'answer.sql': 'SELECT 42' }) });
  expect(fs.existsSync(path.join('runtime', 'check-queries.js'))).toBe(true);
  expect(fs.readdirSync(path.join(context, 'runtime', 'runtime'))).not.toContain('check-queries.js');
});

test('the client is the tested one, or the one that a prop names, whatever is installed', () => {
  write('node_modules/@duckdb/node-api/package.json', '{"name":"@duckdb/node-api","version":"1.4.0-r.1"}');
  write('package-lock.json', '{"lockfileVersion":3,"packages":{"node_modules/@duckdb/node-api":{"version":"1.4.0-r.1"}}}');
  write('queries/answer.sql', 'SELECT 42');
  const clientOf = (nodeApiVersion?: string) => (
    JSON.parse(stagedQueries({ queries: path.join(project(), 'queries'), nodeApiVersion }).file('installer/client/package.json')).dependencies['@duckdb/node-api']
  );
  expect(clientOf()).toBe(client);
  expect(clientOf('1.5.4-r.1')).toBe('1.5.4-r.1');
});

describe('the asset\'s hash', () => {
  const files = { 'answer.sql': '-- @description The answer.\nSELECT 42 AS answer\n', 'reports/daily.sql': 'SELECT 1\n' };

  test('is the same wherever the folder lies, and whatever else is in it', () => {
    const one = hash(files);
    expect(hash(files)).toBe(one);
    expect(hash({ ...files, 'README.md': 'x', 'data.csv': 'x', 'answer.sql.bak': 'x' })).toBe(one);
  });

  test('is the same with the line ends of Windows', () => {
    const crlf = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.replace(/\n/g, '\r\n')]));
    expect(hash(crlf)).toBe(hash(files));
  });

  test('changes with a query\'s text, its name and its directives', () => {
    const { 'answer.sql': answer, ...others } = files;
    const changed = [
      files, { ...files, 'answer.sql': answer.replace('42', '43') }, { ...others, 'reply.sql': answer }, { ...files, 'answer.sql': `-- @cache 300\n${answer}` },
    ];
    expect(new Set(changed.map(hash)).size).toBe(changed.length);
  });

  test('is the same whether DuckDB has parsed the queries or not', () => {
    const folder = folderOf(files);
    const here = process.cwd();
    const withClient = path.basename(stagedQueries({ queries: folder }).context);
    try {
      process.chdir(folder);
      expect(path.basename(stagedQueries({ queries: folder }).context)).toBe(withClient);
    } finally {
      process.chdir(here);
    }
  });
});

test('nothing is staged for a stack that is not selected, whose query files are checked all the same', () => {
  const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack');
  const fn = new DuckDbQueryFunction(stack, 'Fn', { queries: folderOf({ 'answer.sql': '-- @description The answer.\nSELECT 42' }) });
  expect(fn.queries).toMatchObject([{ name: 'answer', description: 'The answer.' }]);
  expect(() => new DuckDbQueryFunction(stack, 'Other', { queries: folderOf({ 'answer.sql': '-- @descripton x\nSELECT 42' }) })).toThrow('did you mean "description"?');
  Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
});
