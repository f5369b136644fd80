/** The formats in which results are written: `json` is an array of objects, `ndjson` one object a line. */
export const RESULT_FORMATS = ['parquet', 'csv', 'json', 'ndjson'] as const;

/** The format of a result's file. */
export type ResultFormat = typeof RESULT_FORMATS[number];
