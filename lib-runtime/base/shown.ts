import { inspect } from 'node:util';

const LONGEST = 200;

/** Any value as messages show it: as JSON if possible, otherwise as Node.js prints it. Never throws. */
export function shown(value: unknown): string {
  const text = asText(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
}

function asText(value: unknown): string {
  // JSON would be null for NaN and the infinities.
  if (typeof value === 'number') return String(value);
  try {
    return JSON.stringify(value) ?? inspect(value, { depth: 0 });
  } catch {
    // A bigint, a cycle, or a toJSON that throws.
    return printed(value);
  }
}

function printed(value: unknown): string {
  try {
    return inspect(value, { depth: 0, breakLength: Infinity });
  } catch {
    return `a ${typeof value} that cannot be printed`;
  }
}
