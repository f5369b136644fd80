import { differenceTo } from '../../../benchmarks/tpch/answers';

const ANSWER = 'flag|sum|average\nA|10.50|0.1\nN|20.00|0.30000000000000004\n';

test('the same rows do not differ, in any order, nor by how a number is written or rounded at its end', () => {
  expect(differenceTo(ANSWER, ['A|10.50|0.1', 'N|20.00|0.30000000000000004'])).toBeUndefined();
  expect(differenceTo(ANSWER, ['N|20.00|0.3', 'A|10.5|0.1'])).toBeUndefined();
});

test.each([
  ['1 rows instead of 2', ['A|10.50|0.1']],
  ['"N|20.01|0.3" instead of "N|20.00|0.30000000000000004"', ['A|10.50|0.1', 'N|20.01|0.3']],
  ['"B|10.50|0.1" instead of "A|10.50|0.1"', ['B|10.50|0.1', 'N|20.00|0.3']],
  ['"A||0.1" instead of "A|10.50|0.1"', ['A||0.1', 'N|20.00|0.3']],
  ['"A|10.50" instead of "A|10.50|0.1"', ['A|10.50', 'N|20.00|0.3']],
])('other rows do: %s', (difference, rows) => {
  expect(differenceTo(ANSWER, rows)).toBe(difference);
});
