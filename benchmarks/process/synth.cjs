// Synthesises a stack of ten functions, as `cdk synth` has an app do it, and prints the milliseconds that it took.
const { App, Stack } = require('aws-cdk-lib');
const { NodejsFunction, OutputFormat } = require('aws-cdk-lib/aws-lambda-nodejs');
const { Runtime } = require('aws-cdk-lib/aws-lambda');
const { DuckDbFunction } = require('../../lib');

const [kind, part, ...entries] = process.argv.slice(2);
const externalModules = ['@aws-sdk/*', 'cdk-duckdb-lambda/runtime', '@duckdb/node-api'];
const functions = {
  DuckDbFunction: (stack, id, entry) => new DuckDbFunction(stack, id, { entry }),
  NodejsFunction: (stack, id, entry) => new NodejsFunction(stack, id, {
    entry, runtime: Runtime.NODEJS_24_X, projectRoot: '.', depsLockFilePath: 'package-lock.json', bundling: { format: OutputFormat.ESM, externalModules },
  }),
};

const app = new App();
const stack = new Stack(app, 'Stack');
const started = performance.now();
entries.forEach((entry, i) => functions[kind](stack, `Function${i}`, entry));
if (part === 'app') app.synth();
// For a whole app: the time since the process started.
console.log(JSON.stringify(performance.now() - (part === 'app' ? 0 : started)));
