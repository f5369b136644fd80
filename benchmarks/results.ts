import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderTable } from './markdown';
import type { Table } from './table';
import { repositoryRoot } from '../test/bed';

/** The document that shows what was measured. */
export const DOCUMENT = join(repositoryRoot, 'docs', 'cold-start.md');
export const RESULTS = join(repositoryRoot, 'benchmarks', 'results');

/** Keeps a table with all that was measured, as JSON and as Markdown, and shows it in the document. */
export function publish(name: string, table: Table): void {
  const json = JSON.stringify(table, toMicroseconds, 2).replace(/\[[-\d.,\s]+\]/g, onOneLine);
  // From what is kept, so that it can be rendered again to the same text.
  const markdown = renderTable(JSON.parse(json));
  writeFileSync(join(RESULTS, `${name}.json`), `${json}\n`);
  writeFileSync(join(RESULTS, `${name}.md`), markdown);
  writeFileSync(DOCUMENT, withSection(readFileSync(DOCUMENT, 'utf8'), name, markdown));
}

/** The document with what stands between the markers of `name` replaced. */
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
