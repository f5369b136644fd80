/** A logical database of a function: an instance of DuckDB that is created when it is first used, and that all cursors on it share. */
export interface DuckDbDatabase {
  /**
   * The database's file. A bare name is a file in `/tmp`; an absolute path must be under `/tmp`.
   *
   * The file exists as long as `/tmp` does, so later invocations in the same execution environment find it. Each execution environment has its own
   * file.
   *
   * @default - the database is in memory
   */
  readonly file?: string;

  /**
   * The names of the bootstrap steps that the database's cursors may trigger. An empty list means none.
   *
   * @default - all steps of the function
   */
  readonly bootstrap?: string[];
}
