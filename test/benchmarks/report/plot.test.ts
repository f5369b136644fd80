import { plot } from '../../../benchmarks/report/plot';
import type { Table } from '../../../benchmarks/report/table';

const table = {
  unit: 'ms',
  contenders: ['stove', 'fire & "flame"', 'electric'],
  rows: [
    { condition: 'empty', measured: { stove: [1] } },
    { condition: 'full', measured: { 'stove': [300, 200, 250], 'fire & "flame"': [500] } },
  ],
} as unknown as Table;
const svg = plot('Tea <hot>', [{ label: 'a full kettle', table, row: /^full$/ }], ['stove']);
const attribute = (element: string, name: string) => [...svg.matchAll(new RegExp(`<${element} [^>]*\\b${name}="([^"]*)"`, 'g'))].map(([, value]) => value);

test('has a bar for each contender that was measured, as long as its median', () => {
  // The first rectangle is the ground.
  const [, stove, fire, ...others] = attribute('rect', 'width').map(Number);
  expect(stove / fire).toBeCloseTo(250 / 500, 2);
  expect(others).toEqual([]);
});

test('shows the least and the most, and the median as a number', () => {
  const [from, to] = /M([\d.]+) \d+H([\d.]+)/.exec(attribute('path', 'd')[0])!.slice(1).map(Number);
  const [left] = attribute('rect', 'x').map(Number);
  expect((from - left) / (to - left)).toBeCloseTo(200 / 300, 2);
  expect(svg).toContain('>250 ms</text>');
});

test('its own bars stand out', () => {
  const [, stove, fire] = attribute('rect', 'fill');
  expect(stove).not.toBe(fire);
});

test('is well-formed whatever the names are', () => {
  expect(svg).toContain('aria-label="Tea &lt;hot>"');
  expect(svg).toContain('>fire &amp; &quot;flame&quot;</text>');
  expect(svg.match(/<text/g)).toHaveLength(svg.match(/<\/text>/g)!.length);
});
