import * as path from 'path';

/** `; did you mean "x"?` for the candidate nearest to the given value (in the given folder), or nothing if none is near. */
export function didYouMean(given: string, candidates: string[], folder = ''): string {
  const [nearest] = candidates
    .map((candidate) => ({ candidate, distance: editDistance(given, candidate) }))
    .filter(({ distance }) => distance <= given.length / 3)
    .sort((a, b) => a.distance - b.distance);
  return nearest ? `; did you mean "${path.join(folder, nearest.candidate)}"?` : '';
}

/** Levenshtein's distance, row by row. Two swapped letters count as one edit. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1), isSwapped ? before[j - 2] + 1 : Infinity));
    }
    [before, row] = [row, next];
  }
  return row[b.length];
}
