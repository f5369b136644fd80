import { HTTPFS } from '../base/wording';

/** The HTTP statuses in an error's text. Numbers elsewhere may be anything, such as a part of a key. */
export function statusesIn(text: string): readonly number[] {
  return [...text.matchAll(new RegExp(HTTPFS.status, 'g'))].map(([, status]) => Number(status));
}
