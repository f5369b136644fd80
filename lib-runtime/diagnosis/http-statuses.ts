import { HTTPFS } from '../base/wording';

/** The statuses of HTTP in the text of an error. Figures elsewhere may be anything, such as a part of a key. */
export function statusesIn(text: string): readonly number[] {
  return [...text.matchAll(new RegExp(HTTPFS.status, 'g'))].map(([, status]) => Number(status));
}
