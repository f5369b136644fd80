import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderTable } from './markdown';
import { plot } from './plot';
import type { Table } from './table';
import { outcomes, renderOutcomes } from './targets';
import { repositoryRoot } from '../../test/bed';
import { OURS, OURS_LAZY } from '../cold-start/contender-names';

/** The document that shows what was measured. */
export const DOCUMENT = join(repositoryRoot, 'docs', 'cold-start.md');
export const RESULTS = join(repositoryRoot, 'benchmarks', 'results');
/** The picture in it. */
export const PICTURE = join(repositoryRoot, 'docs', 'cold-start.svg');

/** The benchmarks in the picture, from top to bottom, with their titles. */
const PICTURED = {
  'select-1': 'SELECT 1',
  's3-count': 'S3: count the rows of a Parquet file',
  'postgres-lookup': 'PostgreSQL: look up a row, password from SSM',
  'both': 'S3 and PostgreSQL joined',
  'ducklake-scan': 'DuckLake in S3: scan',
  'default-bootstrap': 'SELECT 1 where S3 and PostgreSQL are set up',
};

/** Stores a table with all measurements, as JSON and as Markdown, and puts it into the document if that has room. */
export function publish(name: string, table: Table): void {
  const json = JSON.stringify(table, toMicroseconds, 2).replace(/\[[-\d.,\s]+\]/g, onOneLine);
  // Renders from the stored table, so that it can be rendered again to the same text.
  const markdown = renderTable(JSON.parse(json));
  writeFileSync(join(RESULTS, `${name}.json`), `${json}\n`);
  writeFileSync(join(RESULTS, `${name}.md`), markdown);
  if (!table.ownPage) writeFileSync(DOCUMENT, withSection(readFileSync(DOCUMENT, 'utf8'), name, markdown));
}

/** `table`, of which only a part was measured, with the other rows of the `kept` one. Each row is an interleaved run of its own. */
export function withKeptRows(table: Table, kept: Table | undefined): Table {
  const measured = new Map(table.rows.map((row) => [row.condition, row]));
  const rows = (kept?.rows ?? []).map((row) => take(measured, row.condition) ?? row);
  return { ...table, rows: [...rows, ...measured.values()] };
}

function take<K, V>(map: Map<K, V>, key: K): V | undefined {
  const value = map.get(key);
  map.delete(key);
  return value;
}

/** Renders the results of all stored tables together: which targets are met, and the picture. */
export function publishSummary(): void {
  const tables = keptTables();
  writeFileSync(DOCUMENT, withSection(readFileSync(DOCUMENT, 'utf8'), SUMMARY, renderOutcomes(outcomes(tables))));
  writeFileSync(PICTURE, renderPicture(tables));
}

/** The name of the section with the targets. */
export const SUMMARY = 'summary';

export function renderPicture(tables: Readonly<Record<string, Table>>): string {
  const groups = Object.entries(PICTURED).filter(([name]) => name in tables).map(([name, label]) => ({ label, table: tables[name], row: /^2 CPU .*cold start$/ }));
  return plot('Cold start to the answer, 2 CPU: median, with the least and the most', groups, [OURS, OURS_LAZY]);
}

/** All tables that were measured, by benchmark. */
export function keptTables(): Readonly<Record<string, Table>> {
  const names = readdirSync(RESULTS).filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
  return Object.fromEntries(names.map((name) => [name, JSON.parse(readFileSync(join(RESULTS, `${name}.json`), 'utf8')) as Table]));
}

/** The document with the text between the markers of `name` replaced. */
export function withSection(document: string, name: string, content: string): string {
  const [begin, end] = [`<!-- benchmark ${name} -->\n`, `<!-- end of benchmark ${name} -->\n`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document has no place for the table "${name}": add the lines ${begin.trim()} and ${end.trim()}`);
  return `${document.slice(0, from)}${begin}\n${content}\n${document.slice(to)}`;
}

function toMicroseconds(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
}

function onOneLine(list: string): string {
  return list.replace(/\s+/g, ' ');
}
