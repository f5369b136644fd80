/** The schemes of URLs whose files another machine holds, as the source of a regular expression. */
export const REMOTE_SCHEMES = '(?:s3[an]?|https?|gcs|gs|r2|hf|azure|az|abfss?)';

const REMOTE_URLS = new RegExp(`\\b${REMOTE_SCHEMES}://[^\\s'"|)]*`, 'gi');

/** The texts in which a statement can name a file: its own, and those of its parameters. */
export function textsOf(sql: string, parameters: object | undefined): readonly string[] {
  if (parameters === undefined) return [sql];
  return [sql, ...Object.values(parameters).flat().filter((value): value is string => typeof value === 'string')];
}

/** The URLs of remote files in a statement and its parameters. */
export function remoteUrls(sql: string, parameters: object | undefined): readonly string[] {
  return textsOf(sql, parameters).flatMap((text) => (text.includes('://') ? text.match(REMOTE_URLS) ?? [] : []));
}
