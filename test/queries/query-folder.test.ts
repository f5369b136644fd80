import * as fs from 'fs';
import * as path from 'path';
import { App, CfnParameter, Stack } from 'aws-cdk-lib';
import { DuckDbQueryFunction } from '../../src';
import { temporaryDirectory } from '../temporary-directory';

let project: string;

beforeEach(() => {
  project = temporaryDirectory();
  fs.mkdirSync(path.join(project, 'queries'));
  fs.writeFileSync(path.join(project, 'queries', 'answer.sql'), 'SELECT 42 AS answer');
});

function declare(queries: any, outdir?: string): DuckDbQueryFunction {
  return new DuckDbQueryFunction(new Stack(new App({ outdir, context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack'), 'Sales', { queries });
}

test('a folder may be absolute, relative to the working directory, or a link', () => {
  fs.symlinkSync(path.join(project, 'queries'), path.join(project, 'linked'));
  for (const folder of [path.join(project, 'queries'), path.relative(process.cwd(), path.join(project, 'queries')), path.join(project, 'linked')]) {
    expect(declare(folder).queries.map(({ name }) => name)).toEqual(['answer']);
  }
});

test('a folder that does not exist is refused, with the nearest one', () => {
  expect(() => declare(path.join(project, 'querys'))).toThrow(
    `cannot find the folder of the queries of Stack/Sales, "${project}/querys": no such folder in ${project}; did you mean "${project}/queries"?`);
  expect(() => declare(path.join(project, 'sql', 'queries'))).toThrow(`no such folder in ${project}/sql`);
});

test('a file is refused, with its folder', () => {
  expect(() => declare(path.join(project, 'queries', 'answer.sql'))).toThrow(
    `Stack/Sales has as queries the file "${project}/queries/answer.sql": expected the folder that contains it, such as "${project}/queries"`);
});

test('a folder without queries is refused', () => {
  fs.rmSync(path.join(project, 'queries', 'answer.sql'));
  fs.writeFileSync(path.join(project, 'queries', 'answer.txt'), 'SELECT 42');
  expect(() => declare(path.join(project, 'queries'))).toThrow(
    `Stack/Sales has no queries: no file in ${project}/queries or in the folders below ends in .sql`);
});

test.each<[string, unknown, string]>([
  ['nothing', undefined, 'Stack/Sales has no queries: name the folder of its .sql files, as in queries: \'queries\''],
  ['empty text', ' ', 'Stack/Sales has the queries " ": expected text such as "queries"'],
  ['a list', ['queries'], 'Stack/Sales has the queries a list: expected text such as "queries"'],
  ['a token', new CfnParameter(new Stack(), 'Folder').valueAsString, 'queries is a CDK token: expected a literal'],
])('%s is refused', (_, queries, message) => {
  expect(() => declare(queries)).toThrow(message);
});

test('a folder around or in the app\'s output is refused, because the output has copies of queries', () => {
  const output = path.join(project, 'cdk.out');
  expect(() => declare(project, output)).toThrow(
    `Stack/Sales has the queries "${project}", which contains the app's output directory ${output}: give the queries a folder of their own`);
  expect(() => declare(path.join(project, 'queries'), project)).toThrow(
    `Stack/Sales has the queries "${project}/queries", which is in the app's output directory ${project}: keep the queries among your sources`);
  expect(() => declare(path.join(project, 'queries'), output)).not.toThrow();
  expect(() => declare(path.join(project, 'queries'), path.join(project, '..queries'))).not.toThrow();
});
