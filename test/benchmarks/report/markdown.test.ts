import { renderTable } from '../../../benchmarks/report/markdown';
import type { Row, Table } from '../../../benchmarks/report/table';

const TABLE: Table = {
  title: 'Making tea',
  conditions: 'kettle',
  unit: 'ms',
  contenders: ['stove', 'electric'],
  ratios: [{ of: 'stove', to: 'electric' }],
  rows: [
    { condition: 'full', measured: { stove: [300, 200, 250.4], electric: [100, 110, 90] } },
    { condition: 'empty', measured: { stove: [2.04, 3, 1], electric: [4, 4, 4] } },
  ],
  notes: ['Without milk.'],
  machine: { cpu: 'Abacus', cores: 2, memoryGiB: 4, kernel: 'Linux 6.1.0', node: '24.0.0', duckdb: '1.5.5', baseImage: 'AWS\'s' },
};

test('shows medians with their spread, the ratios of the medians, the number of runs and the machine', () => {
  expect(renderTable(TABLE)).toBe(`**Making tea**

| kettle | stove, ms | electric, ms | stove ÷ electric |
| --- | ---: | ---: | ---: |
| full | 250 (200–300) | 100 (90–110) | **2.50** |
| empty | 2.0 (1–3) | 4 (4–4) | **0.51** |

Medians of 3 interleaved runs, with the least and the most. Abacus, 2 cores, 4 GiB, Linux 6.1.0; Node.js 24.0.0 and DuckDB 1.5.5 in an image on AWS's.
Without milk.
`);
});

test('a contender that does not apply to a row is a dash in it, and is counted apart', () => {
  const rows: Row[] = [{ condition: 'full', measured: { stove: [300, 200], electric: [100, 90, 110] } }, { condition: 'empty', measured: { electric: [4] } }];
  const rendered = renderTable({ ...TABLE, rows });
  expect(rendered).toContain('| empty | – | 4 | – |');
  expect(rendered).toContain('Medians of 1 to 3 interleaved runs');
});

test('what each contender needed has a column, by medians', () => {
  const rows: Row[] = [{ condition: 'full', measured: { stove: [300], electric: [100] }, needed: { stove: { matches: [1, 3, 2], minutes: [4, 4.26, 4.5] } } }];
  const rendered = renderTable({ ...TABLE, rows, figures: ['matches', 'minutes'] });
  expect(rendered).toContain('| stove ÷ electric | stove: matches, minutes | electric: matches, minutes |');
  expect(rendered).toContain('| **3.00** | 2, 4.3 | – |');
});
