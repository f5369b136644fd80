import { parseArgs } from 'node:util';
import { check } from './check.mjs';
import { exec } from './exec/exec.mjs';

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
  if (name !== 'exec') throw new Error(`"${name}" is not a command: expected exec or check; see cdk-duckdb-lambda --help`);
  const end = args.indexOf('--');
  const values = parse(end === -1 ? args : args.slice(0, end));
  if (values.help) {
    process.stdout.write(help());
    return;
  }
  const command = end === -1 ? [] : args.slice(end + 1);
  if (command.length === 0) throw new Error('exec needs a command after "--", such as: -- node handler-test.mjs; see cdk-duckdb-lambda --help');
  if (values.template === undefined) throw new Error('exec needs --template FILE, such as cdk.out/Sales.template.json; see cdk-duckdb-lambda --help');
  await exec({
    template: values.template,
    fn: values.function,
    region: values.region,
    account: values.account,
    parameters: assignments('parameter', values.parameter),
    known: assignments('set', values.set),
    variables: assignments('env', values.env),
    extensions: values.extensions,
    command,
  });
}

function parse(args) {
  const options = Object.fromEntries(Object.entries(OPTIONS).map(([option, [, , kind]]) => [option, { type: 'string', multiple: kind === 'list' }]));
  try {
    return parseArgs({ args, options: { ...options, help: { type: 'boolean', short: 'h' } } }).values;
  } catch (error) {
    const [reason] = error.message.split('. ');
    throw new Error(`${reason[0].toLowerCase()}${reason.slice(1)}; see cdk-duckdb-lambda --help`, { cause: error });
  }
}

function assignments(option, texts = []) {
  return new Map(texts.map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw new Error(`--${option} ${text} has no value: expected ${OPTIONS[option][0]}`);
    return [text.slice(0, at), text.slice(at + 1)];
  }));
}

function help() {
  const rows = Object.entries(OPTIONS).map(([option, [value, meaning, kind]]) => (
    [`--${option} ${value}`, kind === 'list' ? `${meaning}; may be repeated` : meaning]
  ));
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    'usage: cdk-duckdb-lambda exec --template FILE [OPTION]... -- COMMAND [ARGUMENT]...', '',
    'Runs a command with the environment variables that a function of a synthesised stack would have.', '',
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`), '',
    '       cdk-duckdb-lambda check FOLDER', '',
    'Checks a folder of queries, as a synthesis does.', '',
  ].join('\n');
}
