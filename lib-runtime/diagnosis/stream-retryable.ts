import { namesOneOf } from './missing-catalog';
import { REMOTE_SCHEMES, textsOf } from '../base/remote-urls';

/** Names that another machine serves. */
const REMOTE = new RegExp(`\\b${REMOTE_SCHEMES}://|['"](?:md|motherduck):`, 'i');

/**
 * Whether a failed stream may succeed when it is read again. DuckDB's client loses the reason of the failure, so the source of the rows decides: a
 * server, reached by a URL or through one of `catalogs`, which bootstrap steps attached, may have been unreachable. Local data stays as it is.
 */
export function streamIsRetryable(sql: string, catalogs: readonly string[], parameters?: object): boolean {
  return namesOneOf(catalogs, sql) || textsOf(sql, parameters).some((text) => REMOTE.test(text));
}
