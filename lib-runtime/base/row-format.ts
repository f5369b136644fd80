/** The forms in which rows are returned: see `QueryOptions.rows`. */
export const ROW_FORMATS = ['js', 'bigint', 'json', 'duckdb'] as const;

/** The form in which rows are returned: see `QueryOptions.rows`. */
export type RowFormat = typeof ROW_FORMATS[number];
