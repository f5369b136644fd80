import { numberText } from './exact-json';
import { scrub } from '../base/redaction';

const MOST_SHOWN = 100;

/** The beginning of a value, for messages. Redacts first, because half of a secret is not recognised. */
export function received(value: unknown): string {
  const number = numberText(value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null && number === undefined) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(scrub(value)) : number ?? String(value);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text;
}
