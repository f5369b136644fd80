import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const ENDING = '.template.json';

/**
 * A stack of a cloud assembly: its template, its name, its account and region, and the other stacks.
 *
 * @see https://docs.aws.amazon.com/cdk/v2/guide/deploy.html
 */
export function readStack(file) {
  const stack = readOne(file);
  return { ...stack, others: () => siblings(file).map(readOne) };
}

function readOne(file) {
  const template = readJson(file);
  if (typeof template?.Resources !== 'object') throw new Error(`${file} is not a CloudFormation template: it has no Resources`);
  const { name, environment } = artifactOf(file);
  const [, account, region] = /^aws:\/\/([^/]+)\/(.+)$/.exec(environment ?? '') ?? [];
  return { file, template, name, account: concrete(account), region: concrete(region) };
}

/** The stack's entry in the assembly's manifest. */
function artifactOf(file) {
  const manifest = join(dirname(file), 'manifest.json');
  const artifacts = existsSync(manifest) ? Object.entries(readJson(manifest).artifacts ?? {}) : [];
  const [id, artifact] = artifacts.find(([, { properties }]) => properties?.templateFile === basename(file)) ?? [basename(file, ENDING)];
  return { name: artifact?.properties?.stackName ?? id, environment: artifact?.environment };
}

/** CDK's name for an unbound account or region begins with unknown-. */
function concrete(value) {
  return value?.startsWith('unknown-') ? undefined : value;
}

function siblings(file) {
  const directory = dirname(file);
  return readdirSync(directory).filter((name) => name.endsWith(ENDING) && name !== basename(file)).sort().map((name) => join(directory, name));
}

function readJson(file) {
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`cannot read ${file} (${error.code}): write it with cdk synth`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is not JSON (${error.message}): expected a template that cdk synth has written`, { cause: error });
  }
}
