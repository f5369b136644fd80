/** `; did you mean x?` for the candidate nearest to the given value, or nothing if none is near. */
export function nearest(given, candidates) {
  const [best] = [...new Set(candidates)]
    .map((candidate) => ({ candidate, distance: editDistance(given, candidate) }))
    .filter(({ distance }) => distance <= Math.ceil(given.length / 3))
    .sort((a, b) => a.distance - b.distance);
  return best ? `; did you mean ${best.candidate}?` : '';
}

/** Levenshtein's distance, row by row. */
function editDistance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}
