/** Repeated measurements of one thing, in the order they were made. */
export type Series = readonly number[];

export function median(series: Series): number {
  if (series.length === 0) throw new Error('the median of no measurements: measure at least once');
  const sorted = [...series].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function spread(series: Series): [least: number, most: number] {
  return [Math.min(...series), Math.max(...series)];
}

/** The ratio of the two medians. */
export function ratioOfMedians(one: Series, other: Series): number {
  return median(one) / median(other);
}
