const SECRET_NAME = '(?:\\w+_)?(?:password|passwd|token|client_secret|secret_access_key|account_key|encryption_key|passphrase|connection_string)';

/** A value that is not empty: quoted text, or a bare word, which DuckDB takes as text in an option's value. A function call is not a value. */
const VALUE = '(?:E?\'[^\']|"[^"]|\\$\\w*\\$(?!\\$)|\\w+\\b(?!\\s*\\())';

/** In CREATE SECRET, `SECRET` precedes the secret itself. In ATTACH, it precedes the name of a secret. */
const CREATE_SECRET = new RegExp(
  `^\\s*CREATE\\s+(?:OR\\s+REPLACE\\s+)?(?:PERSISTENT\\s+|TEMPORARY\\s+)?SECRET\\b[^]*?[(,]\\s*(secret|${SECRET_NAME})\\s+${VALUE}`, 'i');
const ATTACH = new RegExp(`^\\s*ATTACH\\b[^]*?[(,]\\s*(${SECRET_NAME})\\s+${VALUE}`, 'i');
const SETTING = new RegExp(`^\\s*(?:SET|PRAGMA)\\s+(?:(?:GLOBAL|SESSION|LOCAL)\\s+)?(${SECRET_NAME})\\s*(?:=|\\bTO\\b)\\s*${VALUE}`, 'i');

/** A header of requests, as in EXTRA_HTTP_HEADERS. */
const HEADER = /'((?:proxy-)?authorization|x-api-key)'\s*:\s*'[^']/i;

/** In a connection string, or in the query of a URL. */
const IN_TEXT = /(?:^'|[\s;?&])(password|passwd|pwd|accountkey|sharedaccesssignature|(?:motherduck_)?token)\s*=\s*[^\s';&]/i;

/** Text outside of quotes, and quoted text. */
const COMMENT_OR_TEXT = /--[^\n]*|\/\*[^]*?\*\/|'(?:[^']|'')*'/g;

/** The name of the option that holds a literal secret in SQL, such as `PASSWORD`; undefined if no secret is recognised. */
export function credentialIn(sql: string): string | undefined {
  const texts = (sql.match(COMMENT_OR_TEXT) ?? []).filter((part) => part.startsWith('\''));
  const found = [
    ...sql.split(';').flatMap((statement) => [CREATE_SECRET, ATTACH, SETTING, HEADER].map((form) => form.exec(statement))),
    ...texts.map((text) => IN_TEXT.exec(text)),
  ];
  return found.find((match) => match !== null)?.[1];
}
