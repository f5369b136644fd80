/** The format of the files that a query writes. */
export enum DuckDbResultFormat {
  /** Parquet: typed, compressed, and the fastest for DuckDB to read. */
  PARQUET = 'parquet',
  /** CSV with a line of column names. */
  CSV = 'csv',
  /** One JSON array. */
  JSON = 'json',
  /** A JSON object per line. */
  NDJSON = 'ndjson',
}
