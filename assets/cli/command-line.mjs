import { parseArgs } from 'node:util';
import { check } from './check.mjs';
import { exec } from './exec/exec.mjs';
import { images } from './images/images.mjs';
import { serve } from './serve/serve.mjs';

/** The options of `exec`. A list may be repeated. */
const OPTIONS = {
  'template': ['FILE', 'the stack\'s template, such as cdk.out/Sales.template.json'],
  'function': ['NAME', 'its logical id, its construct path, or the beginning of its id (default: the only DuckDbFunction)'],
  'region': ['REGION', 'the region where it would run (default: the stack\'s, or AWS_REGION)'],
  'account': ['ID', 'the account where it would run (default: the stack\'s)'],
  'parameter': ['NAME=VALUE', 'the value of a parameter of the template (default: its own default)', 'list'],
  'set': ['ID.ATTRIBUTE=VALUE', 'a value that only a deployment knows: an attribute of a resource, or with ID=VALUE the result of a Ref to it', 'list'],
  'env': ['NAME=VALUE', 'replaces a variable of the function, or adds one', 'list'],
  'extensions': ['DIR', 'a directory that duckdb-extensions install has filled (default: DuckDB\'s own directory, with one download)'],
};

/** The options of `serve`, beside those of `exec`. */
const SERVE_OPTIONS = {
  'port': ['NUMBER', 'the port on this machine (default: 8000; 0 takes a free one)'],
  'caller': ['PROPERTY=VALUE', 'what the caller of each request is, as in authorizer.claims.tenant=acme', 'list'],
  'streaming': [undefined, 'streams answers, as a function with http: { streaming: true } does (default: as the stack declares it)', 'flag'],
};

/** Runs the command that the arguments name. The command's own failures go to stderr, with exit code 1. */
export async function main(args) {
  try {
    await run(args);
  } catch (error) {
    process.stderr.write(`cdk-duckdb-lambda: ${error.message}\n`);
    process.exitCode = 1;
  }
}

async function run([name, ...args]) {
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(help());
    return;
  }
  if (name === 'check') {
    if (args.length !== 1 || args[0].startsWith('-')) throw new Error('check needs a folder of queries, as in: cdk-duckdb-lambda check queries');
    check(args[0]);
    return;
  }
  if (name === 'serve') {
    await runServe(args);
    return;
  }
  if (name === 'images') {
    runImages(args);
    return;
  }
  if (name !== 'exec') throw new Error(`"${name}" is not a command: expected exec, check, serve or images; see cdk-duckdb-lambda --help`);
  const end = args.indexOf('--');
  const { values } = parse(end === -1 ? args : args.slice(0, end), OPTIONS);
  if (values.help) {
    process.stdout.write(help('exec'));
    return;
  }
  const command = end === -1 ? [] : args.slice(end + 1);
  if (command.length === 0) throw new Error('exec needs a command after "--", such as: -- node handler-test.mjs; see cdk-duckdb-lambda --help');
  if (values.template === undefined) throw new Error('exec needs --template FILE, such as cdk.out/Sales.template.json; see cdk-duckdb-lambda --help');
  await exec({ ...stackOf(values), command });
}

async function runServe(args) {
  const { values, positionals: [folder = 'queries', ...more] } = parse(args, { ...OPTIONS, ...SERVE_OPTIONS }, true);
  if (values.help) {
    process.stdout.write(help('serve', 'exec'));
    return;
  }
  if (more.length > 0) throw new Error(`serve takes one folder of queries, and got ${[folder, ...more].join(' ')}`);
  const { port = '8000', streaming: isStreaming = false } = values;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) throw new Error(`--port ${port} is not a port: expected a number up to 65535`);
  const caller = Object.fromEntries(assignments('caller', values.caller));
  const unknown = Object.keys(caller).find((property) => !/^authorizer\.(?:claims|iam|lambda)\../.test(property));
  if (unknown !== undefined) throw new Error(`--caller ${unknown} is not a property of a caller: expected one as @from has it, such as authorizer.claims.tenant`);
  await serve(folder, { port, caller, isStreaming, stack: values.template === undefined ? undefined : stackOf(values) });
}

function runImages(args) {
  const { region, account } = OPTIONS;
  const { values, positionals: [assembly = 'cdk.out', ...more] } = parse(args, { region, account }, true);
  if (values.help) {
    process.stdout.write(help('images'));
    return;
  }
  if (more.length > 0) throw new Error(`images takes one cloud assembly, and got ${[assembly, ...more].join(' ')}`);
  images(assembly, values);
}

function stackOf(values) {
  return {
    template: values.template,
    fn: values.function,
    region: values.region,
    account: values.account,
    parameters: assignments('parameter', values.parameter),
    known: assignments('set', values.set),
    variables: assignments('env', values.env),
    extensions: values.extensions,
  };
}

function parse(args, known, allowPositionals = false) {
  const options = Object.fromEntries(Object.entries(known).map(([option, [, , kind]]) => (
    [option, kind === 'flag' ? { type: 'boolean' } : { type: 'string', multiple: kind === 'list' }]
  )));
  try {
    return parseArgs({ args, options: { ...options, help: { type: 'boolean', short: 'h' } }, allowPositionals });
  } catch (error) {
    const [reason] = error.message.split('. ');
    throw new Error(`${reason[0].toLowerCase()}${reason.slice(1)}; see cdk-duckdb-lambda --help`, { cause: error });
  }
}

function assignments(option, texts = []) {
  return new Map(texts.map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw new Error(`--${option} ${text} has no value: expected ${{ ...OPTIONS, ...SERVE_OPTIONS }[option][0]}`);
    return [text.slice(0, at), text.slice(at + 1)];
  }));
}

/** How to use the named commands, or all. */
function help(...names) {
  const [rows, serveRows] = [OPTIONS, SERVE_OPTIONS].map((options) => Object.entries(options).map(([option, [value, meaning, kind]]) => (
    [[`--${option}`, value].join(' ').trim(), kind === 'list' ? `${meaning}; may be repeated` : meaning]
  )));
  const width = Math.max(...[...rows, ...serveRows].map(([left]) => left.length));
  const shown = ([left, right]) => `  ${left.padEnd(width)}  ${right}`;
  const commands = {
    exec: [
      'exec --template FILE [OPTION]... -- COMMAND [ARGUMENT]...',
      'Runs a command with the environment variables that a function of a synthesised stack would have.', '',
      ...rows.map(shown),
    ],
    check: ['check FOLDER', 'Checks a folder of queries, as a synthesis does.'],
    serve: [
      'serve [FOLDER] [OPTION]...',
      'Serves a folder of queries (default: queries) on localhost, over HTTP as the function would. With --template it has the function\'s environment,',
      'and the other options of exec. Files are read for each request, so a change counts at once.', '',
      ...serveRows.map(shown),
    ],
    images: [
      'images [ASSEMBLY] [--region REGION] [--account ID]',
      'Builds the images of the functions of a cloud assembly (default: cdk.out) under the names that its templates have for them, and prints these.',
      'Docker is the program that CDK_DOCKER names (default: docker).',
    ],
  };
  return (names.length > 0 ? names : Object.keys(commands)).flatMap((name, index) => {
    const [usage, ...lines] = commands[name];
    return [`${index === 0 ? 'usage:' : '      '} cdk-duckdb-lambda ${usage}`, '', ...lines, ''];
  }).join('\n');
}
