import { shown } from './checks/expect';

/**
 * A DuckDB extension that is baked into a function's image and loaded when its database opens.
 *
 * @see https://duckdb.org/docs/stable/core_extensions/overview
 */
export class DuckDbExtension {
  /**
   * An extension that DuckDB's own team maintains and signs, such as `httpfs`.
   *
   * DuckDB's aliases work too: `postgres` is `postgres_scanner`.
   *
   * @param name as in `INSTALL name`
   */
  public static core(name: string): DuckDbExtension {
    return new DuckDbExtension(name, 'core');
  }

  /**
   * An extension of DuckDB's community repository, such as `h3`.
   *
   * @see https://duckdb.org/community_extensions/
   * @param name as in `INSTALL name FROM community`
   */
  public static community(name: string): DuckDbExtension {
    return new DuckDbExtension(name, 'community');
  }

  /**
   * MotherDuck's extension. It downloads its implementation at LOAD if the image does not contain it.
   *
   * @internal
   */
  public static _motherduck(allowDownload: boolean): DuckDbExtension {
    return new DuckDbExtension('motherduck', 'core', allowDownload);
  }

  private constructor(
    /** The extension's name, as given. */
    public readonly name: string,
    /** The repository that it comes from: `core` or `community`. */
    public readonly repository: string,
    /**
     * Whether the image may be built without what the extension would download at LOAD.
     * @internal
     */
    public readonly _allowDownload: boolean = false,
  ) {
    if (typeof name !== 'string' || !/^[a-z][a-z0-9_]*$/.test(name)) {
      throw new Error(`${shown(name)} is not a name of a DuckDB extension: expected lower-case letters, digits and underscores, such as "httpfs"`);
    }
  }
}
