/** A query of a `DuckDbQueryFunction`, as the comments at the head of its file declare it. */
export interface DuckDbQuery {
  /** The name by which events ask for the query: `reports/daily` for the file `reports/daily.sql` of the folder. */
  readonly name: string;

  /**
   * What the query returns.
   *
   * @default - not described
   */
  readonly description?: string;

  /** The parameters of the query. */
  readonly parameters: DuckDbQueryParameter[];

  /** The columns that the file declares. The answer may have more. */
  readonly columns: DuckDbQueryColumn[];
}

/** A parameter of a query. */
export interface DuckDbQueryParameter {
  /** The name, as in `params` of an event and as `$name` in SQL. Case does not matter. */
  readonly name: string;

  /** DuckDB's type, as the file has it, such as `DECIMAL(18,2)`. */
  readonly type: string;

  /** Whether an event must have the parameter. Otherwise it has a default, or comes from the caller of an HTTP request. */
  readonly isRequired: boolean;

  /**
   * The property of an HTTP request's caller that supplies the value, such as `authorizer.claims.tenant`. An event cannot set the parameter, so only
   * HTTP requests can run the query.
   *
   * @default - none: events and requests set the parameter
   */
  readonly from?: string;

  /**
   * What the parameter means.
   *
   * @default - not described
   */
  readonly description?: string;
}

/** A column that a query's file declares. */
export interface DuckDbQueryColumn {
  /** The column's name in the answer. */
  readonly name: string;

  /** DuckDB's type, as the file has it, such as `DECIMAL(18,2)`. */
  readonly type: string;

  /**
   * What the column means.
   *
   * @default - not described
   */
  readonly description?: string;
}
