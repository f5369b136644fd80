import { closeArena } from './cold-start/contenders';
import { parseCommandLine } from './harness/command-line';
import { renderTable } from './report/markdown';
import { keptTables, publish, publishSummary, withKeptRows } from './report/results';
import type { Benchmark } from './report/table';
import { coldStarts } from './tables/cold-start';
import { ducklake } from './tables/ducklake';
import { extensionChunks } from './tables/extension-chunks';
import { extensionLoad } from './tables/extension-load';
import { farS3 } from './tables/far-s3';
import { footprint } from './tables/footprint';
import { iceberg } from './tables/iceberg';
import { phases } from './tables/phases';
import { queryFunction } from './tables/query-function';
import { sales } from './tables/sales';
import { scaleOut } from './tables/scale-out';
import { scanGrowth } from './tables/scan-growth';
import { soak } from './tables/soak';
import { synth } from './tables/synth';
import { touched } from './tables/touched';
import { tpch, tpchLarge } from './tables/tpch';
import { warmPath } from './tables/warm-path';
import { dockerAvailability } from '../test/bed';

const BENCHMARKS: readonly Benchmark[] = [
  ...coldStarts, phases, touched, footprint, sales, queryFunction, extensionLoad, extensionChunks, warmPath, soak, synth, tpch, tpchLarge, scanGrowth,
  farS3, scaleOut, iceberg, ducklake,
];

const HELP = `npm run bench -- [--only NAME]... [--runs N]

Measures, writes benchmarks/results and the tables of docs/cold-start.md. What has no place there, and what is measured in part, is printed.
Of far-s3, a part replaces the rows that it measures, unless it has fewer runs.

${BENCHMARKS.map(describe).join('\n')}
`;

function describe({ name, summary, runs, optional, choices = {} }: Benchmark): string {
  return [
    `  ${name.padEnd(18)}${summary} (${runs} run${runs === 1 ? '' : 's'}${optional ? ', only by its name' : ''})`,
    ...Object.entries(choices).map(([option, all]) => `  ${''.padEnd(18)}--${option} ${all.join(',')}`),
  ].join('\n');
}

async function main(): Promise<void> {
  const asked = parseCommandLine(process.argv.slice(2), BENCHMARKS);
  if (asked === 'help') {
    console.log(HELP);
    return;
  }
  const docker = dockerAvailability();
  const inContainers = asked.benchmarks.find(({ withoutDocker }) => !withoutDocker);
  if (!docker.available && inContainers) throw new Error(`"${inContainers.name}" runs in containers: ${docker.reason}`);
  for (const benchmark of asked.benchmarks) {
    const { name, summary, measure, runs, optional } = benchmark;
    console.log(`${name}: ${summary}`);
    const table = await measure(runs, (message) => console.log(`  ${message} …`), asked.chosen(benchmark));
    const hasAllRuns = runs >= BENCHMARKS.find((each) => each.name === name)!.runs;
    if (table.ownPage && hasAllRuns) publish(name, asked.partial ? withKeptRows(table, keptTables()[name]) : table);
    else if (asked.partial || optional) console.log(`\n${renderTable(table)}`);
    else publish(name, table);
  }
  publishSummary();
  console.log('\nThe tables that are kept are in docs/cold-start.md, each measurement in benchmarks/results.');
}

main().catch((error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}).finally(closeArena);
