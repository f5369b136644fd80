import { median, ratioOfMedians, spread } from '../../../benchmarks/report/statistics';

test('the median is the middle one, however far off the others are', () => {
  expect(median([1000, 3, 1])).toBe(3);
});

test('the median of an even number lies between the middle two, by value and not by text', () => {
  expect(median([10, 9, 2, 100])).toBe(9.5);
});

test('measurements keep their order', () => {
  const series = [3, 1, 2];
  median(series);
  expect(series).toEqual([3, 1, 2]);
});

test('no measurements have no median', () => {
  expect(() => median([])).toThrow('the median of no measurements: measure at least once');
});

test('the spread is the least and the most', () => {
  expect(spread([5, 2, 9])).toEqual([2, 9]);
});

test('a ratio is one of medians, not of means', () => {
  expect(ratioOfMedians([4, 4, 400], [2, 2, 2])).toBe(2);
});
