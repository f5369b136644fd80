import { median, ratioOfMedians, spread, type Series } from './statistics';
import type { Row, Table } from './table';
import type { Machine } from '../harness/machine';

const NOT_APPLICABLE = '–';

/** A table of medians, each with its minimum and maximum, and their ratios. */
export function renderTable(table: Table): string {
  const needed = table.figures ? table.contenders : [];
  const header = [
    table.conditions,
    ...table.contenders.map((name) => `${name}, ${table.unit}`),
    ...table.ratios.map(({ of, to }) => `${of} ÷ ${to}`),
    ...needed.map((name) => `${name}: ${table.figures!.join(', ')}`),
  ];
  const rows = table.rows.map((row) => [
    row.condition,
    ...table.contenders.map((name) => withSpread(row.measured[name])),
    ...ratios(row, table),
    ...needed.map((name) => figures(row.needed?.[name], table)),
  ]);
  const aligned = header.map((_, column) => (column === 0 ? '---' : '---:'));
  return [
    `**${table.title}**`,
    [header, aligned, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n'),
    [`Medians of ${runsOf(table)} interleaved runs, with the least and the most. ${describe(table.machine)}`, ...table.notes].join('\n'),
  ].join('\n\n') + '\n';
}

function ratios({ measured }: Row, table: Table): string[] {
  return table.ratios.map(({ of, to }) => (measured[of] && measured[to] ? `**${ratioOfMedians(measured[of], measured[to]).toFixed(2)}**` : NOT_APPLICABLE));
}

function figures(needed: Readonly<Record<string, Series>> | undefined, table: Table): string {
  return needed === undefined ? NOT_APPLICABLE : table.figures!.map((figure) => rounded(median(needed[figure]))).join(', ');
}

function withSpread(series: Series | undefined): string {
  if (series === undefined) return NOT_APPLICABLE;
  const [least, most] = spread(series);
  if (series.length === 1) return rounded(most);
  return `${rounded(median(series))} (${rounded(least)}–${rounded(most)})`;
}

/** Rounds to the precision that repeats: tenths below ten. */
function rounded(value: number): string {
  return value.toFixed(value < 10 && !Number.isInteger(value) ? 1 : 0);
}

/** `15`, or `5 to 15` if not everything is measured equally often. */
function runsOf({ rows }: Table): string {
  const [least, most] = spread(rows.flatMap(({ measured }) => Object.values(measured).map(({ length }) => length)));
  return least === most ? `${most}` : `${least} to ${most}`;
}

function describe({ cpu, cores, memoryGiB, kernel, node, duckdb, baseImage }: Machine): string {
  const image = baseImage === undefined ? '' : ` in an image on ${baseImage}`;
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${kernel}; Node.js ${node} and DuckDB ${duckdb}${image}.`;
}
