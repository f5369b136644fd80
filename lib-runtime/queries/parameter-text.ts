import { received } from './received';

/** In a URL of S3 or of a compatible store, DuckDB takes what is behind `?` for options. All of them begin with `s3_`. */
const OPTION = /[?&](?:\s|\\t)*s3_/i;
/** DuckDB decodes the names of options, and JSON its texts. */
const ENCODED = /[%\\]u([\da-f]{4})|%([\da-f]{2})/gi;

/**
 * Throws for text that no type holds, and for text with an option of DuckDB's: a query may read it as a URL, or put it behind the beginning of one, and
 * `?s3_endpoint=...` sends the request, signed with the function's credentials, to any server. The message does not show the text, because options may
 * be secrets.
 */
export function checkText(text: string): void {
  if (!isWellFormed(text)) throw new RangeError(`is ${received(text)}, expected text of whole characters`);
  if (!/[?&]|%|\\u/.test(text) || !OPTION.test(decoded(decoded(text)))) return;
  throw new RangeError('has an option of DuckDB\'s for S3, such as "?s3_endpoint=...", which can send signed requests to another server: leave it out. An S3Step sets the region '
    + 'and the endpoint of a bucket; an object whose key looks like this can only be read after it was renamed');
}

function isWellFormed(text: string): boolean {
  // Node.js 20 has it, but TypeScript declares it only for ES2024.
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}

function decoded(text: string): string {
  return text.replace(ENCODED, (_, long?: string, short?: string) => String.fromCharCode(parseInt(long ?? short!, 16)));
}
