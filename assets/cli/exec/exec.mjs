import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { findFunction } from './find-function.mjs';
import { Resolver } from './resolver.mjs';
import { runCommand } from './run-command.mjs';
import { readStack } from './stack.mjs';

const EXTENSIONS_DIR = 'DUCKDB_EXTENSIONS_DIR';
const NODE_OPTIONS = 'NODE_OPTIONS';

/** Runs a command with the environment that a function would have, and ends like the command. */
export async function exec({ template, fn, region, account, parameters, known, variables, extensions, command }) {
  if (extensions !== undefined && !existsSync(extensions)) {
    throw new Error(`--extensions ${extensions} does not exist: make it with duckdb-extensions install --target ${extensions} httpfs`);
  }
  const stack = readStack(template);
  const pseudo = {
    region: region ?? stack.region ?? (process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || undefined),
    account: account ?? stack.account,
  };
  const { id, resource } = findFunction(stack, fn);
  const resolver = new Resolver(stack, { pseudo, parameters, known });
  const own = resolveVariables(resolver, resource, variables);
  resolver.throwUnmeant();
  resolver.throwUnknown(`the environment of ${id}`);
  await runCommand(command, {
    ...process.env,
    ...(pseudo.region !== undefined && { AWS_REGION: pseudo.region }),
    ...own,
    // The caller's are how a debugger reaches the command.
    ...(own[NODE_OPTIONS] && { [NODE_OPTIONS]: [process.env[NODE_OPTIONS], own[NODE_OPTIONS]].filter(Boolean).join(' ') }),
    ...Object.fromEntries(variables),
    ...(extensions !== undefined && { [EXTENSIONS_DIR]: resolve(extensions) }),
  });
}

function resolveVariables(resolver, { Properties: { Environment } = {} }, given) {
  const entries = Object.entries(Environment?.Variables ?? {}).filter(([name]) => !given.has(name));
  const values = entries.map(([name, value]) => [name, resolver.text(value, name)]);
  // The image's directory does not exist on this machine.
  return Object.fromEntries(values.filter(([name, value]) => value !== undefined && !(name === EXTENSIONS_DIR && !existsSync(value))));
}
