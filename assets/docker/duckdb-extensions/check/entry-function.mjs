/**
 * Throws unless the file has the function that DuckDB calls at LOAD. The name of that function is derived from the name of the file.
 * Footer and signature do not contain the name, and a file for another platform cannot be loaded here.
 *
 * @see https://github.com/duckdb/duckdb/blob/main/src/main/extension/extension_load.cpp
 */
export function checkEntryFunction(bytes, { name, abi }) {
  // DuckDB uses the name up to its first dot. The id of MotherDuck's implementation comes after it.
  const symbol = name.split('.')[0] + (abi === 'CPP' ? '_duckdb_cpp_init' : '_init_c_api');
  // macOS puts an underscore before every symbol.
  if (!['', '_'].some((prefix) => bytes.includes(`\0${prefix}${symbol}\0`))) {
    throw new Error(`is another extension than ${name}: it has no function ${symbol}; check what the source serves under this name`);
  }
}
