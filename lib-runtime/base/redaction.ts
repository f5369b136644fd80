const REDACTED = '[redacted]';
/** Shorter values would remove unrelated text. AWS keys and serious database passwords are longer. */
const MIN_SECRET_LENGTH = 6;

const SECRETS = Symbol.for('cdk-duckdb-lambda.secrets.v1');
const secrets: Set<string> = ((globalThis as { [SECRETS]?: Set<string> })[SECRETS] ??= new Set());

/** Removes `value` from every later message of this package. */
export function rememberSecret(value: string | undefined): void {
  if (value === undefined || value.length < MIN_SECRET_LENGTH) return;
  // DuckDB's errors show a value as it is, as a SQL literal and as part of a URL.
  const encoded = encodeURIComponent(value);
  for (const form of [value, value.replaceAll("'", "''"), encoded, encoded.replaceAll("'", '%27')]) secrets.add(form);
}

/** `text` without the secret values known to this process. */
export function scrub(text: string): string {
  rememberSecret(process.env.AWS_SECRET_ACCESS_KEY);
  rememberSecret(process.env.AWS_SESSION_TOKEN);
  // Longest first: a secret may be part of another.
  const known = [...secrets].filter((secret) => text.includes(secret)).sort((a, b) => b.length - a.length);
  return known.reduce((cleaned, secret) => cleaned.replaceAll(secret, REDACTED), text);
}
