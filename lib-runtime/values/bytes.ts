/** A single shared function, as a property that is not enumerable: to other code, the bytes stay a plain `Uint8Array`. */
const TO_JSON = { value: toJSON, configurable: true, writable: true };

/** A copy of the client's bytes, which outlives the result. `JSON.stringify` turns it into base64 text, not into an object with a key per byte. */
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
