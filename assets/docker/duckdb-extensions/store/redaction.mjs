const secrets = new Set();

/** From here on `redact` blackens this value wherever it stands. */
export function keepSecret(value) {
  if (value) {
    secrets.add(value);
    secrets.add(encodeURIComponent(value));
  }
}

/** Everything that is printed goes through here. */
export function redact(text) {
  let clean = text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]*@/gi, '$1***@');
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) clean = clean.replaceAll(secret, '***');
  return clean;
}

/** A URL as it may be printed or recorded: presigned ones carry their signature in the query. */
export function withoutSecrets(url) {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
