import { expectFlags, expectOptions, PropNames, shown } from './checks/expect';

/** Options for an extension of a function. */
export interface DuckDbExtensionOptions {
  /**
   * Whether a bootstrap step loads the extension itself, when the step runs.
   *
   * Use it for an extension that loads slowly, or uses the network when it is loaded. All other extensions are loaded when DuckDB is opened.
   *
   * @default false
   */
  readonly loadedByStep?: boolean;
}

const OPTIONS: PropNames<DuckDbExtensionOptions> = { loadedByStep: true };

/**
 * A DuckDB extension that is baked into a function's image and loaded when DuckDB is opened.
 *
 * @see https://duckdb.org/docs/stable/core_extensions/overview
 *
 * @example
 * new DuckDbFunction(this, 'Tiles', {
 *   entry: 'src/tiles.ts',
 *   extensions: [DuckDbExtension.core('spatial'), DuckDbExtension.community('h3')],
 * });
 */
export class DuckDbExtension {
  /**
   * An extension that the DuckDB team maintains and signs, such as `httpfs`.
   *
   * DuckDB's aliases work too: `postgres` is `postgres_scanner`.
   *
   * @param name as in `INSTALL name`
   * @param options options for the extension
   */
  public static core(name: string, options: DuckDbExtensionOptions = {}): DuckDbExtension {
    return new DuckDbExtension(name, 'core', options);
  }

  /**
   * An extension of DuckDB's community repository, such as `h3`.
   *
   * @see https://duckdb.org/community_extensions/
   * @param name as in `INSTALL name FROM community`
   * @param options how the function uses it
   */
  public static community(name: string, options: DuckDbExtensionOptions = {}): DuckDbExtension {
    return new DuckDbExtension(name, 'community', options);
  }

  /**
   * MotherDuck's extension. It downloads its implementation at LOAD if the image does not contain it.
   *
   * @internal
   */
  public static _motherduck(allowDownload: boolean): DuckDbExtension {
    return new DuckDbExtension('motherduck', 'core', { loadedByStep: true }, allowDownload);
  }

  /**
   * Whether a bootstrap step loads the extension, instead of the opening of a database.
   * @internal
   */
  public readonly _loadedByStep: boolean;

  private constructor(
    /** The extension's name, as given. */
    public readonly name: string,
    /** The repository that it comes from: `core` or `community`. */
    public readonly repository: string,
    options: DuckDbExtensionOptions,
    /**
     * Whether the image may be built without what the extension would download at LOAD.
     * @internal
     */
    public readonly _allowDownload: boolean = false,
  ) {
    if (typeof name !== 'string' || !/^[a-z][a-z0-9_]*$/.test(name)) {
      throw new Error(`${shown(name)} is not a name of a DuckDB extension: expected lower-case letters, digits and underscores, such as "httpfs"`);
    }
    const at = `the DuckDB extension "${name}"`;
    expectOptions(options, at, OPTIONS);
    expectFlags({ loadedByStep: options.loadedByStep }, at);
    this._loadedByStep = options.loadedByStep ?? false;
  }
}
