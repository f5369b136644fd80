import { readManifest } from '../store/manifest.mjs';

/** Prints the contents of a directory, from its manifest. */
export function list({ target }) {
  const manifest = readManifest(target);
  if (!manifest) throw new Error(`cannot find ${target}/manifest.json: expected a directory that duckdb-extensions install has written`);
  const rows = manifest.extensions.map(({ name, extensionVersion, size, repository, source }) =>
    [name, extensionVersion, `${(size / 1e6).toFixed(1)} MB`, repository, source]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column].length)));
  process.stdout.write(`DuckDB ${manifest.duckdbVersion} for ${manifest.platform}\n`);
  for (const row of rows) {
    process.stdout.write(`  ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ')}\n`);
  }
}
