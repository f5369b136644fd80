/** Sums and averages of doubles depend on the order of their terms. */
const TOLERANCE = 1e-9;

/**
 * The difference between rows (text with `|` between the values) and DuckDB's answer (with a header); undefined if there is none.
 *
 * Rows may have another order, because TPC-H does not define the order of equal rows.
 */
export function differenceTo(answer: string, rows: readonly string[]): string | undefined {
  const expected = answer.replace(/\n$/, '').split('\n').slice(1).sort();
  const found = [...rows].sort();
  if (found.length !== expected.length) return `${found.length} rows instead of ${expected.length}`;
  const at = expected.findIndex((line, index) => !sameRow(line, found[index]));
  return at === -1 ? undefined : `"${found[at]}" instead of "${expected[at]}"`;
}

function sameRow(expected: string, found: string): boolean {
  const [left, right] = [expected.split('|'), found.split('|')];
  return left.length === right.length && left.every((value, index) => sameValue(value, right[index]));
}

function sameValue(expected: string, found: string): boolean {
  if (expected === found) return true;
  const [left, right] = [Number(expected), Number(found)];
  return expected !== '' && found !== '' && Math.abs(left - right) <= TOLERANCE * Math.abs(left);
}
