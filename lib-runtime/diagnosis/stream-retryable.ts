import { namesOneOf } from './missing-catalog';
import { REMOTE_SCHEMES } from './remote-write';

/** What another machine answers for. */
const REMOTE = new RegExp(`\\b${REMOTE_SCHEMES}://|['"](?:md|motherduck):`, 'i');

/**
 * Whether a stream that has failed may not fail when it is read again. DuckDB's client loses its reason, so this is told by what it read: a
 * server, by a URL or through one of `catalogs`, which bootstrap steps attached, may have been out of reach; what is here stays as it is.
 */
export function streamIsRetryable(sql: string, catalogs: readonly string[], parameters?: object): boolean {
  const texts = [sql, ...Object.values(parameters ?? {}).filter((value): value is string => typeof value === 'string')];
  return namesOneOf(catalogs, sql) || texts.some((text) => REMOTE.test(text));
}
