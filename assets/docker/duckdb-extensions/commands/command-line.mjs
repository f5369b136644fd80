import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { COMMANDS, OPTIONS } from './commands.mjs';
import { endOnSignals } from '../store/ending.mjs';
import { redact } from '../store/redaction.mjs';

/** Options that name files or directories that must exist. */
const READ = ['libduckdb', 'client', 'ca', 'credentials'];

const NAMES_HELP = 'NAME is an extension of DuckDB such as httpfs, an alias such as postgres, or one of the community repository such as community:h3.';

/** Runs the command that the arguments name. Returns the exit code. A failure is one line on stderr. */
export async function main(args) {
  endOnSignals();
  try {
    await run(args);
    return 0;
  } catch (error) {
    process.stderr.write(`duckdb-extensions: ${redact(error.message).replace(/\s*\n\s*/g, ' ')}\n`);
    return 1;
  }
}

async function run([name, ...args]) {
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(overview());
    return;
  }
  if (!Object.hasOwn(COMMANDS, name)) {
    throw new Error(`"${name}" is not a command: expected ${Object.keys(COMMANDS).join(', ')}; see duckdb-extensions --help`);
  }
  const command = COMMANDS[name];
  const { values, positionals } = parse(name, command, args);
  if (values.help) {
    process.stdout.write(help(name, command));
    return;
  }
  const missing = command.required.find((option) => values[option] === undefined);
  if (missing) throw new Error(`${name} needs --${missing} ${OPTIONS[missing][0]}; see duckdb-extensions ${name} --help`);
  for (const option of READ) {
    if (values[option] !== undefined && !existsSync(values[option])) throw new Error(`--${option} ${values[option]} does not exist`);
  }
  await command.run(values, positionals);
}

function parse(name, { options }, args) {
  const types = Object.fromEntries(options.map((option) => [option, { type: OPTIONS[option][0] ? 'string' : 'boolean' }]));
  try {
    return parseArgs({ args, allowPositionals: true, options: { ...types, help: { type: 'boolean', short: 'h' } } });
  } catch (error) {
    const [reason] = error.message.split('. ');
    throw new Error(`${reason[0].toLowerCase()}${reason.slice(1)}; see duckdb-extensions ${name} --help`, { cause: error });
  }
}

function overview() {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(9)}${summary}`);
  return ['usage: duckdb-extensions COMMAND [OPTION]...', '', ...commands, '', 'For more, run duckdb-extensions COMMAND --help.', ''].join('\n');
}

function help(name, { summary, usage, options }) {
  const rows = options.map((option) => [`--${option} ${OPTIONS[option][0] ?? ''}`.trimEnd(), OPTIONS[option][1]]);
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    `usage: duckdb-extensions ${name} [OPTION]... ${usage}`, '', `${summary[0].toUpperCase()}${summary.slice(1)}.`,
    ...(usage.includes('NAME') ? [NAMES_HELP] : []), '',
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`), '',
  ].join('\n');
}
