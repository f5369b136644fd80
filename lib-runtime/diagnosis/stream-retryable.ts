import { namesOneOf } from './missing-catalog';

/** What another machine answers for. */
const REMOTE = /\b(?:s3[an]?|https?|gcs|gs|r2|hf|az|azure|abfss?):\/\/|['"](?:md|motherduck):/i;

/**
 * Whether a stream that has failed may not fail when it is read again. DuckDB's client loses its reason, so this is told by what it read: a
 * server, by a URL or through one of `catalogs`, which bootstrap steps attached, may have been out of reach; what is here stays as it is.
 */
export function streamIsRetryable(sql: string, catalogs: readonly string[], parameters?: object): boolean {
  const texts = [sql, ...Object.values(parameters ?? {}).filter((value): value is string => typeof value === 'string')];
  return namesOneOf(catalogs, sql) || texts.some((text) => REMOTE.test(text));
}
