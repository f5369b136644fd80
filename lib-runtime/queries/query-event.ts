import { manifestKey, manifestsPrefix } from './manifest';
import { RESULT_FORMATS, type ResultFormat } from './result-format';
import type { ResultLocation } from './result-location';
import type { QueryEvent } from './types';
import { didYouMean } from '../base/did-you-mean';
import { ConfigError } from '../base/errors';
import { shown } from '../base/shown';

/** The most that Lambda returns to a caller is 6 MB. */
export const MAX_INLINE_BYTES = 6 * 1024 * 1024;
export const INLINE_BYTES = { expected: `a whole number from 1 to ${MAX_INLINE_BYTES}`, isRight: (value: unknown) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_INLINE_BYTES };

const KEYS = ['query', 'params', 'manifests', 'manifestCount', 'output', 'maxInlineBytes'];
/** What only events of services have. */
const OF_SERVICES = ['requestContext', 'raw_path'];
const OUTPUT_KEYS = ['format', 'key'];

/**
 * `event`, which anyone may have sent, checked. `params` is checked with the query's declarations, and `manifests` is relative to `location`, that of the
 * results. Throws `CONFIG`.
 */
export function readEvent(event: unknown, location?: ResultLocation): QueryEvent {
  if (OF_SERVICES.some((key) => isObject(event) && key in event)) {
    throw new ConfigError('the event is one of a service that is not supported, such as a load balancer, VPC Lattice or a WebSocket API: '
      + 'requests may come from a function URL, an HTTP API or a REST API');
  }
  const { query, params, manifests, manifestCount, output, maxInlineBytes } = fields(event, 'the event', KEYS);
  if (typeof query !== 'string' || query === '') throw new ConfigError(`query is ${shown(query)}, expected the name of a query`);
  if (maxInlineBytes !== undefined && !INLINE_BYTES.isRight(maxInlineBytes)) {
    throw new ConfigError(`maxInlineBytes is ${shown(maxInlineBytes)}, expected ${INLINE_BYTES.expected}`);
  }
  if (manifestCount !== undefined && !(Number.isSafeInteger(manifestCount) && Number(manifestCount) >= 0)) {
    throw new ConfigError(`manifestCount is ${shown(manifestCount)}, expected the number of manifests, a whole number from 0`);
  }
  if (manifestCount !== undefined && manifests === undefined) {
    throw new ConfigError('the event has manifestCount without manifests: add the prefix of the manifests, such as "totals/2025-01/", or remove it');
  }
  return {
    query,
    params: params as QueryEvent['params'],
    ...(manifests !== undefined && { manifests: manifestsPrefix(manifests, location) }),
    ...(manifestCount !== undefined && { manifestCount: manifestCount as number }),
    ...(output !== undefined && { output: readOutput(output) }),
    ...(maxInlineBytes !== undefined && { maxInlineBytes: maxInlineBytes as number }),
  };
}

function readOutput(output: unknown): NonNullable<QueryEvent['output']> {
  const { format, key } = fields(output, 'output', OUTPUT_KEYS);
  if (!RESULT_FORMATS.includes(format as ResultFormat)) throw new ConfigError(`output.format is ${shown(format)}, expected one of: ${RESULT_FORMATS.join(', ')}`);
  return { format: format as ResultFormat, ...(key !== undefined && { key: manifestKey(key) }) };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function fields(value: unknown, name: string, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (!isObject(value) || Array.isArray(value)) throw new ConfigError(`${name} is ${shown(value)}, expected an object with: ${known.join(', ')}`);
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new ConfigError(`${name} has the unknown key ${shown(unknown)}${didYouMean(unknown, known)}; its keys are: ${known.join(', ')}`);
  return value as Readonly<Record<string, unknown>>;
}
