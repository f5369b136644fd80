/** The forms in which rows are sent. */
export const HTTP_FORMATS = ['json', 'ndjson', 'csv', 'parquet'] as const;

/** The form in which rows are sent. */
export type HttpFormat = typeof HTTP_FORMATS[number];

/** The media types of each format, first the one that is sent. */
const TYPES: Readonly<Record<HttpFormat, readonly string[]>> = {
  json: ['application/json', 'text/json'],
  ndjson: ['application/x-ndjson', 'application/ndjson', 'application/jsonl'],
  csv: ['text/csv', 'application/csv'],
  parquet: ['application/vnd.apache.parquet', 'application/x-parquet'],
};

/** The media type of a format. */
export function mediaType(format: HttpFormat): string {
  return TYPES[format][0]!;
}

/** The value of the header `Content-Type`. */
export function contentType(format: HttpFormat): string {
  return format === 'csv' ? 'text/csv; charset=utf-8; header=present' : mediaType(format);
}

/** A value of a header such as `Accept`, with how much it is wanted: 0 to 1. */
interface Wanted {
  readonly value: string;
  readonly quality: number;
}

/** The most wanted format; undefined if none is. Without a header it is JSON. */
export function negotiate(accept: string | undefined): HttpFormat | undefined {
  const wanted = preferences(accept ?? '');
  if (wanted.length === 0) return 'json';
  const offers = HTTP_FORMATS.map((format) => ({ format, ...best(wanted, TYPES[format]) })).filter(({ quality }) => quality > 0);
  // As clients expect: a type that is named comes before one that a wildcard allows, and the first before the second.
  return offers.sort((a, b) => b.quality - a.quality || a.breadth - b.breadth || a.position - b.position)[0]?.format;
}

/** Whether the client takes a compressed body. */
export function takesGzip(acceptEncoding: string | undefined): boolean {
  const wanted = preferences(acceptEncoding ?? '');
  return (wanted.find(({ value }) => value === 'gzip') ?? wanted.find(({ value }) => value === '*'))?.quality! > 0;
}

/** The most exact of the ranges that include one of the types decides. */
function best(wanted: readonly Wanted[], types: readonly string[]): { quality: number; breadth: number; position: number } {
  const [type] = types[0]!.split('/');
  const ranges = [types, [`${type}/*`], ['*/*']];
  for (const [breadth, range] of ranges.entries()) {
    const position = wanted.findIndex(({ value }) => range.includes(value));
    if (position >= 0) return { quality: wanted[position]!.quality, breadth, position };
  }
  return { quality: 0, breadth: ranges.length, position: 0 };
}

/** Media types and encodings ignore case. */
function preferences(header: string): Wanted[] {
  return header.toLowerCase().split(',').map((part) => {
    const [value, ...parameters] = part.split(';').map((each) => each.trim());
    const quality = parameters.map((each) => /^q\s*=\s*([01](?:\.\d*)?|\.\d+)$/.exec(each)?.[1]).find((each) => each !== undefined) ?? 1;
    return { value: value!, quality: Math.min(1, Number(quality)) };
  }).filter(({ value }) => value !== '');
}
