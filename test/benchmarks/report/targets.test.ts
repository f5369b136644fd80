import { CHECKED_FLOOR, FLOOR, OURS } from '../../../benchmarks/cold-start/contender-names';
import type { Table } from '../../../benchmarks/report/table';
import { outcomes, renderOutcomes, type Target } from '../../../benchmarks/report/targets';

const tea = {
  rows: [
    { condition: 'large kettle, hot', measured: { stove: [210, 190, 200], electric: [100] } },
    { condition: 'large kettle, warm', measured: { stove: [50], electric: [50] } },
    { condition: 'small kettle, hot', measured: { stove: [100], electric: [120] } },
    { condition: 'no kettle, hot', measured: { electric: [1] } },
  ],
} as unknown as Table;
const target = (limit: Partial<Target>): Target => ({ figure: 'stove ÷ electric', benchmark: 'tea', rows: /hot$/, of: 'stove', to: 'electric', ...limit });

test('a target is about the medians of each row that it names, where both were measured', () => {
  expect(outcomes({ tea }, [target({ atMost: 1.05 })])).toEqual([
    { figure: 'stove ÷ electric', condition: 'large kettle, hot', target: '≤ 1.05', measured: 2, met: false },
    { figure: 'stove ÷ electric', condition: 'small kettle, hot', target: '≤ 1.05', measured: 100 / 120, met: true },
  ]);
});

test('one that should be large is met from its limit on', () => {
  expect(outcomes({ tea }, [target({ atLeast: 2 })]).map(({ met }) => met)).toEqual([true, false]);
});

test('one may be about a figure itself', () => {
  expect(outcomes({ tea }, [target({ of: 'electric', to: undefined, atMost: 100 })]).map(({ measured, met }) => [measured, met]))
    .toEqual([[100, true], [120, false], [1, true]]);
});

test('one may be about a difference', () => {
  expect(outcomes({ tea }, [target({ to: undefined, less: 'electric', atMost: 10 })]).map(({ measured, met }) => [measured, met])).toEqual([[100, false], [-20, true]]);
});

test('what was not measured is left out', () => {
  expect(outcomes({}, [target({ atMost: 1 })])).toEqual([]);
});

test('beside a ratio of this library stands what the floor has in its place', () => {
  const cold = { rows: [{ condition: 'hot', measured: { [OURS]: [110], [FLOOR]: [100], [CHECKED_FLOOR]: [150], slow: [220] } }] } as unknown as Table;
  const byFloor = (of: string, to: string) => outcomes({ tea: cold }, [target({ of, to, atMost: 1 })]).map((found) => found.byFloor);
  expect(byFloor('slow', OURS)).toEqual([2.2]);
  expect(byFloor(OURS, CHECKED_FLOOR)).toEqual([100 / 150]);
  expect(byFloor(OURS, FLOOR)).toEqual([undefined]);
});

test('the table says by how much a target was missed', () => {
  expect(renderOutcomes(outcomes({ tea }, [target({ atMost: 1.05 }), target({ atLeast: 2 })]))).toBe(`| figure | where | target | measured | by the floor | |
| --- | --- | ---: | ---: | ---: | --- |
| stove ÷ electric | large kettle, hot | ≤ 1.05 | 2.00 | – | missed by 91 % |
| stove ÷ electric | small kettle, hot | ≤ 1.05 | 0.83 | – | met |
| stove ÷ electric | large kettle, hot | ≥ 2 | 2.00 | – | met |
| stove ÷ electric | small kettle, hot | ≥ 2 | 0.83 | – | missed by 59 % |
`);
});
