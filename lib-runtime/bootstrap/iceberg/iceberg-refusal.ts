import { scrub } from '../../base/redaction';

/** The catalog has just answered, so it is not waited for longer. */
const LIMIT_MS = 3_000;
/** Enough for AWS, whose messages name user, action, resource and reason. A page of a proxy would be longer. */
const MAX_LENGTH = 500;
const MESSAGE = /"[mM]essage":\s*"((?:[^"\\]|\\.)*)"/;

/**
 * What the catalog says with a refusal of its configuration, such as the action that a role lacks. Undefined if it says nothing now.
 *
 * DuckDB's error leaves the answer out, so the configuration is asked for again.
 */
export async function wordsOfRefusal(url: URL, headers: Readonly<Record<string, string>>): Promise<string | undefined> {
  try {
    // A redirection would get the credentials.
    const response = await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(LIMIT_MS) });
    const body = await response.text();
    // Redacts first, because half of a secret is not recognised.
    const words = scrub(MESSAGE.exec(body)?.[1] ?? body).replace(/\s+/g, ' ').trim().slice(0, MAX_LENGTH);
    return response.ok || words === '' ? undefined : words;
  } catch {
    return undefined;
  }
}
