/**
 * DuckDB's source id, as MotherDuck's extension uses it: the first eight digits of the commit that DuckDB was built from.
 *
 * libduckdb contains it as text just before its version.
 */
export function sourceId(library, version) {
  const marker = `\0v${version}\0`;
  for (let at = library.indexOf(marker); at !== -1; at = library.indexOf(marker, at + 1)) {
    const before = library.toString('latin1', Math.max(0, at - 32), at).replace(/\0+$/, '');
    const id = /[0-9a-f]{10}$/.exec(before)?.[0];
    if (id) return id.slice(0, 8);
  }
  throw new Error(`cannot find the source id of DuckDB ${version} in the given libduckdb: name another with --libduckdb FILE`);
}
