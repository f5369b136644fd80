import { namesOneOf } from './missing-catalog';
import { REMOTE_SCHEMES, textsOf } from '../base/remote-urls';

/** What another machine answers for. */
const REMOTE = new RegExp(`\\b${REMOTE_SCHEMES}://|['"](?:md|motherduck):`, 'i');

/**
 * Whether a stream that has failed may not fail when it is read again. DuckDB's client loses its reason, so this is told by what it read: a
 * server, by a URL or through one of `catalogs`, which bootstrap steps attached, may have been out of reach; what is here stays as it is.
 */
export function streamIsRetryable(sql: string, catalogs: readonly string[], parameters?: object): boolean {
  return namesOneOf(catalogs, sql) || textsOf(sql, parameters).some((text) => REMOTE.test(text));
}
