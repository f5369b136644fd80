import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { temporaryDirectory } from './temporary-directory';
import { DuckDbFunction, DuckDbFunctionProps, DuckDbQueryFunction, DuckDbQueryFunctionProps } from '../src';

let root: string;

beforeEach(() => {
  root = temporaryDirectory();
  write('package.json', '{"name":"app"}');
});

/** The project of a handler, empty before each test. */
export function project(): string {
  return root;
}

/** Writes a file of the project and returns its path. */
export function write(name: string, content: string): string {
  const file = path.join(root, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
  return file;
}

/** Synthesises a function and returns where CDK put the build context, and what its asset manifest says. */
export function staged(props: DuckDbFunctionProps) {
  return stagedBy((stack) => new DuckDbFunction(stack, 'Fn', props));
}

/** The same for a function of queries. */
export function stagedQueries(props: DuckDbQueryFunctionProps) {
  return stagedBy((stack) => new DuckDbQueryFunction(stack, 'Fn', props));
}

function stagedBy(declare: (stack: Stack) => unknown) {
  const app = new App({ outdir: temporaryDirectory() });
  declare(new Stack(app, 'Stack'));
  const assembly = app.synth();
  const { dockerImages } = JSON.parse(fs.readFileSync(path.join(assembly.directory, 'Stack.assets.json'), 'utf8'));
  const [{ source }] = Object.values<any>(dockerImages);
  const context = path.join(assembly.directory, source.directory);
  return { context, source, buildArgs: source.dockerBuildArgs, file: (name: string) => fs.readFileSync(path.join(context, name), 'utf8') };
}

/** Runs an expression over the staged handler module `m`. */
export function evaluate(context: string, module: string, expression: string): string {
  const script = `import * as m from ${JSON.stringify(path.join(context, 'handler', module))}; console.log(JSON.stringify(${expression}))`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return stdout || stderr;
}
