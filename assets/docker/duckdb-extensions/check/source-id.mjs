/**
 * DuckDB's source id, the commit that it was built from, as MotherDuck's extension names it: its first eight digits.
 *
 * libduckdb holds it as text just before its version.
 */
export function sourceId(library, version) {
  const marker = `\0v${version}\0`;
  for (let at = library.indexOf(marker); at !== -1; at = library.indexOf(marker, at + 1)) {
    const before = library.toString('latin1', Math.max(0, at - 32), at).replace(/\0+$/, '');
    const id = /[0-9a-f]{10}$/.exec(before)?.[0];
    if (id) return id.slice(0, 8);
  }
  throw new Error(`cannot find the source id of DuckDB ${version} in the libduckdb that was given: name another with --libduckdb FILE`);
}
