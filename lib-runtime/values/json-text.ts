/** Like `JSON.stringify`, but writes NaN, the infinities and bigints as text. `JSON.stringify` writes null or throws. */
export function jsonText(value: unknown): string | undefined {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  // A replacer makes `JSON.stringify` several times slower, so it is used only if it may be needed.
  return text === undefined || text.includes('null') ? JSON.stringify(value, speltOut) : text;
}

function speltOut(_: string, value: unknown): unknown {
  return typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)) ? String(value) : value;
}
