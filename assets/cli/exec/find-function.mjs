import { nearest } from './nearest.mjs';

const RESOURCE = /\/Resource$/;

/** A Lambda function of a stack, by its logical id, its construct path with or without the stack's name, or the beginning of its id. */
export function findFunction({ template, file }, name) {
  const functions = Object.entries(template.Resources)
    .filter(([, { Type }]) => Type === 'AWS::Lambda::Function')
    .map(([id, resource]) => ({ id, path: resource.Metadata?.['aws:cdk:path']?.replace(RESOURCE, ''), resource }));
  const found = matching(functions, name);
  if (found.length === 1) return found[0];
  const names = functions.map(({ id, path }) => (path === undefined ? id : `${id} (${path})`)).join(', ') || 'none';
  if (name === undefined) throw new Error(`which function? ${file} has ${names}: name one with --function`);
  if (found.length > 1) throw new Error(`--function ${name} is ambiguous in ${file}: ${found.map(({ id }) => id).join(', ')}`);
  throw new Error(`--function ${name} is not in ${file}, whose functions are: ${names}${nearest(name, functions.flatMap(spellings))}`);
}

function matching(functions, name) {
  if (name === undefined) {
    const ours = functions.filter(({ resource }) => resource.Properties?.Environment?.Variables?.DUCKDB_LAMBDA_CONFIG !== undefined);
    return ours.length > 0 ? ours : functions;
  }
  const exact = functions.filter((fn) => spellings(fn).includes(name));
  return exact.length > 0 ? exact : functions.filter(({ id }) => id.startsWith(name));
}

/** `Sales/Api/Report` is also `Api/Report`. */
function spellings({ id, path }) {
  return path === undefined ? [id] : [id, path, path.slice(path.indexOf('/') + 1)];
}
