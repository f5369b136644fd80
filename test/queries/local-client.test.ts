import * as fs from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { client } from '../../assets/docker/versions.json';
import { DuckDbExtension, DuckDbQueryFunction, DuckDbQueryFunctionProps } from '../../src';
import { project, write } from '../staged';

const REPOSITORY = process.cwd();

let stack: Stack;

beforeEach(() => {
  stack = new Stack(new App(), 'Stack');
  write('queries/answer.sql', 'SELECT 42 AS answer');
  process.chdir(project());
});

afterEach(() => process.chdir(REPOSITORY));

function declare(props: Partial<DuckDbQueryFunctionProps> = {}): void {
  new DuckDbQueryFunction(stack, 'Sales', { queries: 'queries', ...props });
}

function install(version: string, code: string): string {
  write('node_modules/@duckdb/node-api/index.js', code);
  return write('node_modules/@duckdb/node-api/package.json', JSON.stringify({ name: '@duckdb/node-api', version, main: 'index.js' }));
}

const UNPARSED = 'DuckDB has not parsed the queries, so a syntax error appears when the function runs: ';
const INSTALL = `install it with: npm install --save-dev @duckdb/node-api@${client}`;

function expectWarning(reason: string): void {
  const escaped = `${UNPARSED}${reason}`.replace(/[.^$*+?()[\]{}|\\]/g, '\\$&');
  Annotations.fromStack(stack).hasWarning('/Stack/Sales', Match.stringLikeRegexp(`^${escaped} \\[ack: cdk-duckdb-lambda:queries\\]$`));
}

test('the client that the project has parses the SQL', () => {
  fs.symlinkSync(path.join(REPOSITORY, 'node_modules'), path.join(project(), 'node_modules'));
  declare();
  Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  write('queries/wrong.sql', 'SELECT 1 AS one\nFROM WHERE 2');
  stack = new Stack(new App(), 'Stack');
  expect(() => declare()).toThrow(/queries\/wrong\.sql:2:6: /);
});

test('a project without the client gets a warning that names what to install', () => {
  declare();
  expectWarning(`@duckdb/node-api is not installed; ${INSTALL}`);
});

test('an app without a Node.js project gets none', () => {
  fs.rmSync('package.json');
  declare();
  Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
});

test('a client with another DuckDB does not judge the SQL', () => {
  const manifest = install('1.4.0-r.1', 'throw new Error("loaded")');
  declare();
  expectWarning(`${manifest} has version 1.4.0-r.1, and the image has ${client}; ${INSTALL}`);
});

test('a client that cannot be loaded, as one of another platform, leaves the checks of text', () => {
  install(client, 'throw new Error("cannot open libduckdb.so")');
  declare();
  expectWarning(`@duckdb/node-api, as ${project()}/queries has it, cannot be loaded`);
});

test.each([DuckDbExtension.community('prql'), DuckDbExtension.core('motherduck')])('SQL of an extension is not judged: $name', (extension) => {
  fs.symlinkSync(path.join(REPOSITORY, 'node_modules'), path.join(project(), 'node_modules'));
  write('queries/answer.sql', 'CREATE SHARE answers');
  declare({ extensions: [extension] });
  expectWarning(`the extension ${extension.name} may add SQL of its own`);
  stack = new Stack(new App(), 'Stack');
  expect(() => declare({ extensions: [DuckDbExtension.core('spatial')] })).toThrow('queries/answer.sql:1:8: ');
});
