/** A column of a result. */
export interface Column {
  /** Its name, which is also its key in the rows. A repeated name has a suffix (`a`, `a:1`). */
  readonly name: string;
  /** Its SQL type, such as `DECIMAL(18,3)` or `JSON[]`. */
  readonly type: string;
}
