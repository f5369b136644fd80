import { median, spread } from './statistics';
import type { Table } from './table';

/** One group of bars: the contenders of one row. */
export interface Group {
  readonly label: string;
  readonly table: Table;
  readonly row: RegExp;
}

const WIDTH = 860;
const LABELS = 190;
const FIGURES = 110;
const BAR = 14;
const BAR_STEP = 18;
const GROUP_GAP = 34;
const TOP = 56;
const COLOR = '#a5abb4';
const OWN_COLORS: readonly string[] = ['#e8590c', '#f4a26b'];

/**
 * Bars of medians with their spread, one group below the other on one scale, as an SVG for light and dark pages. The bars of `own` stand out.
 */
export function plot(title: string, groups: readonly Group[], own: readonly string[]): string {
  const drawn = groups.map(({ label, table, row }) => (
    { label, table, measured: table.rows.find(({ condition }) => row.test(condition))!.measured }
  ));
  const longest = Math.max(...drawn.flatMap(({ measured }) => Object.values(measured).map((series) => spread(series)[1])));
  const x = (value: number) => LABELS + (WIDTH - LABELS - FIGURES) * value / longest;
  const parts: string[] = [];
  let y = TOP;
  for (const { label, table, measured } of drawn) {
    parts.push(`<text x="16" y="${y}" class="group">${escaped(label)}</text>`);
    y += 8;
    for (const name of table.contenders.filter((contender) => contender in measured)) {
      const [least, most] = spread(measured[name]);
      const middle = y + BAR / 2;
      parts.push(
        `<text x="${LABELS - 8}" y="${y + 11}" class="name">${escaped(name)}</text>`,
        `<rect x="${LABELS}" y="${y}" width="${round(x(median(measured[name])) - LABELS)}" height="${BAR}" fill="${OWN_COLORS[own.indexOf(name)] ?? COLOR}"/>`,
        `<path d="M${round(x(least))} ${middle}H${round(x(most))}M${round(x(least))} ${y + 3}V${y + BAR - 3}M${round(x(most))} ${y + 3}V${y + BAR - 3}" class="spread"/>`,
        `<text x="${round(x(most) + 6)}" y="${y + 11}" class="figure">${median(measured[name]).toFixed(0)} ${escaped(table.unit)}</text>`,
      );
      y += BAR_STEP;
    }
    y += GROUP_GAP;
  }
  const height = y - GROUP_GAP + 16;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    '<style>text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-size:15px;font-weight:600}.group{font-weight:600}.name{text-anchor:end}'
      + '.spread{stroke:#1f2328;stroke-width:1;fill:none}</style>',
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="16" y="26" class="title">${escaped(title)}</text>`,
    ...parts,
    '</svg>',
  ].join('\n') + '\n';
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
