/** Longer names are not compared. */
const LONGEST_NAME = 100;

/** `; did you mean "x"?` for the candidate nearest to the given value, or nothing if none is near. */
export function didYouMean(given: string, candidates: readonly string[]): string {
  const nearest = byNearness(given, candidates)[0];
  return nearest !== undefined && distance(given, nearest) <= Math.max(1, given.length / 3) ? `; did you mean "${nearest}"?` : '';
}

/** The candidates, nearest to `given` first. */
export function byNearness(given: string, candidates: readonly string[]): string[] {
  const distances = new Map(candidates.map((candidate) => [candidate, distance(given, candidate)]));
  return [...distances.keys()].sort((a, b) => distances.get(a)! - distances.get(b)!);
}

/** Levenshtein's distance, row by row, ignoring case. */
function distance(given: string, candidate: string): number {
  const [a, b] = [given.slice(0, LONGEST_NAME).toLowerCase(), candidate.slice(0, LONGEST_NAME).toLowerCase()];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
