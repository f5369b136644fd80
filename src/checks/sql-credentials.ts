const SECRET_NAME = '(?:\\w+_)?(?:password|passwd|token|client_secret|secret_access_key|account_key|encryption_key|passphrase|connection_string)';

/** What is not empty: text as SQL quotes it, or a bare word, which DuckDB takes for text as an option's value. A call of a function is none. */
const VALUE = '(?:E?\'[^\']|"[^"]|\\$\\w*\\$(?!\\$)|\\w+\\b(?!\\s*\\())';

/** Only in CREATE SECRET does `SECRET` stand before the secret itself: in ATTACH, before the name of one. */
const CREATE_SECRET = new RegExp(
  `^\\s*CREATE\\s+(?:OR\\s+REPLACE\\s+)?(?:PERSISTENT\\s+|TEMPORARY\\s+)?SECRET\\b[^]*?[(,]\\s*(secret|${SECRET_NAME})\\s+${VALUE}`, 'i');
const ATTACH = new RegExp(`^\\s*ATTACH\\b[^]*?[(,]\\s*(${SECRET_NAME})\\s+${VALUE}`, 'i');
const SETTING = new RegExp(`^\\s*(?:SET|PRAGMA)\\s+(?:(?:GLOBAL|SESSION|LOCAL)\\s+)?(${SECRET_NAME})\\s*(?:=|\\bTO\\b)\\s*${VALUE}`, 'i');

/** A header of requests, as EXTRA_HTTP_HEADERS has it. */
const HEADER = /'((?:proxy-)?authorization|x-api-key)'\s*:\s*'[^']/i;

/** In a connection string, or in the query of a URL. */
const IN_TEXT = /(?:^'|[\s;?&])(password|passwd|pwd|accountkey|sharedaccesssignature|(?:motherduck_)?token)\s*=\s*[^\s';&]/i;

/** What quotes have nothing to do with, and quoted text. */
const COMMENT_OR_TEXT = /--[^\n]*|\/\*[^]*?\*\/|'(?:[^']|'')*'/g;

/** The name of what holds a secret in SQL's own text, such as `PASSWORD`; undefined where nothing is known to be one. */
export function credentialIn(sql: string): string | undefined {
  const texts = (sql.match(COMMENT_OR_TEXT) ?? []).filter((part) => part.startsWith('\''));
  const found = [
    ...sql.split(';').flatMap((statement) => [CREATE_SECRET, ATTACH, SETTING, HEADER].map((form) => form.exec(statement))),
    ...texts.map((text) => IN_TEXT.exec(text)),
  ];
  return found.find((match) => match !== null)?.[1];
}
