/** One function for all, and no property that is listed: to all else they stay a plain `Uint8Array`. */
const TO_JSON = { value: toJSON, configurable: true, writable: true };

/** A copy of the client's bytes, which outlives the result. `JSON.stringify` makes base64 text of it, and not an object with a key a byte. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return Object.defineProperty(new Uint8Array(bytes), 'toJSON', TO_JSON);
}

/** `bytes` as base64 text. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function toJSON(this: Uint8Array): string {
  return base64(this);
}
