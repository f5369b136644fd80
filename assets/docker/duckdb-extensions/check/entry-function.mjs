/**
 * Throws unless the file has the function that DuckDB calls at LOAD, whose name is made from the file's:
 * footer and signature say nothing of the name, and a file for another platform cannot be tried.
 *
 * @see https://github.com/duckdb/duckdb/blob/main/src/main/extension/extension_load.cpp
 */
export function checkEntryFunction(bytes, { name, abi }) {
  // DuckDB takes the name up to its first dot: MotherDuck's implementation has its id behind one.
  const symbol = name.split('.')[0] + (abi === 'CPP' ? '_duckdb_cpp_init' : '_init_c_api');
  // macOS puts an underscore before every symbol.
  if (!['', '_'].some((prefix) => bytes.includes(`\0${prefix}${symbol}\0`))) {
    throw new Error(`is another extension than ${name}: it has no function ${symbol}; check what the source serves under this name`);
  }
}
