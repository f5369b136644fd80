const secrets = new Set();

/** From now on, `redact` removes this value everywhere. */
export function keepSecret(value) {
  if (value) {
    secrets.add(value);
    secrets.add(encodeURIComponent(value));
  }
}

/** All output goes through this function. */
export function redact(text) {
  let clean = text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]*@/gi, '$1***@');
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) clean = clean.replaceAll(secret, '***');
  return clean;
}

/** A URL that is safe to print or record. Presigned URLs carry their signature in the query. */
export function withoutSecrets(url) {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
