import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildImage } from './build-image.mjs';
import { Resolver } from '../exec/resolver.mjs';
import { readStack } from '../exec/stack.mjs';

const TEMPLATE = '.template.json';

/** Builds the images of the functions of a cloud assembly, each under the name that its template has for it. */
export function images(assembly, environment) {
  const builds = new Map(templates(assembly).flatMap((file) => buildsOf(file, environment)));
  if (builds.size === 0) throw new Error(`${assembly} has no function with an image to build: expected what cdk synth has written`);
  for (const [name, { directory, source }] of builds) {
    buildImage(name, directory, source);
    process.stdout.write(`${name}\n`);
  }
}

/** The templates of an assembly and of its stages. */
function templates(directory) {
  if (!existsSync(directory)) throw new Error(`cannot find ${directory}: write it with cdk synth`);
  return readdirSync(directory).sort().map((name) => join(directory, name)).flatMap((path) => {
    if (path.endsWith(TEMPLATE)) return [path];
    return existsSync(join(path, 'manifest.json')) ? templates(path) : [];
  });
}

/** The names of the images of a stack's functions, and what each is built from. */
function buildsOf(file, { account, region }) {
  const stack = readStack(file);
  const pseudo = {
    account: account ?? stack.account,
    region: region ?? stack.region ?? (process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || undefined),
  };
  const assets = Object.entries(dockerImages(file));
  return Object.entries(stack.template.Resources).flatMap(([id, { Properties }]) => {
    const uri = Properties?.Code?.ImageUri;
    const [, asset] = assets.find(([hash]) => uri !== undefined && JSON.stringify(uri).includes(hash)) ?? [];
    // The others are in a registry already.
    if (asset === undefined) return [];
    const resolver = new Resolver(stack, { pseudo, parameters: new Map(), known: new Map() });
    const name = resolver.text(uri, 'ImageUri');
    resolver.throwUnknown(`the name of the image of ${id}`);
    return [[name, { directory: dirname(file), source: asset.source }]];
  });
}

function dockerImages(template) {
  const manifest = `${template.slice(0, -TEMPLATE.length)}.assets.json`;
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).dockerImages ?? {} : {};
}
