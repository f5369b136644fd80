/** A logical database of a function: an instance of DuckDB, made when it is first used, that all cursors on it share. */
export interface DuckDbDatabase {
  /**
   * The file that holds it: a bare name lies in `/tmp`, an absolute path must lie under it.
   *
   * It lives as long as `/tmp` does: later invocations find it there, other execution environments have one of their own.
   *
   * @default - it is in memory
   */
  readonly file?: string;

  /**
   * The names of the bootstrap steps that its cursors may trigger; an empty list is none.
   *
   * @default - all steps of the function
   */
  readonly bootstrap?: string[];
}
