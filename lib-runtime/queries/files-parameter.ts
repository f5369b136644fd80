import type { QueryFile } from './query-file';
import { ConfigError, ParameterError } from '../base/errors';
import { shown } from '../base/shown';

/** The parameter that gets the files of manifests. */
const NAME = 'files';
const DECLARATION = `-- @param ${NAME} VARCHAR[]`;
const LIST_OF_TEXTS = /^(?:VARCHAR|TEXT|STRING)\s*\[\s*\]$/i;

/** How `query` takes the files of manifests. Throws `CONFIG` if it does not, and `PARAMETER` if `given`, the event's `params`, has files too. */
export function filesParameter({ name, file, parameters }: QueryFile, given: unknown): { parameter: string; hasDefault: boolean } {
  const declared = parameters.find((each) => isFiles(each.name));
  if (declared === undefined) {
    throw new ConfigError(`the event names manifests, but the query "${name}" has no parameter for their files: declare it in ${file} as "${DECLARATION}", and read them as in read_parquet($files)`);
  }
  if (!LIST_OF_TEXTS.test(declared.type)) {
    throw new ConfigError(`the event names manifests, but ${file}:${declared.line} declares ${declared.name} as ${declared.type}: declare it as "${DECLARATION}"`);
  }
  // Everything that is not an object is refused with the other parameters.
  const twice = Object.keys(given ?? {}).find(isFiles);
  if (twice !== undefined) throw new ParameterError(`params has ${shown(twice)}, but the event names manifests, whose files are this parameter: remove one of both`);
  return { parameter: declared.name, hasDefault: declared.defaultValue !== undefined };
}

function isFiles(name: string): boolean {
  return name.toLowerCase() === NAME;
}
