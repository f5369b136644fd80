import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderTable } from '../../../benchmarks/report/markdown';
import { DOCUMENT, keptTables, PICTURE, renderPicture, RESULTS, SUMMARY, withKeptRows, withSection } from '../../../benchmarks/report/results';
import { outcomes, renderOutcomes } from '../../../benchmarks/report/targets';

const read = (file: string) => readFileSync(file, 'utf8');
const tables = keptTables();
const names = Object.keys(tables);
const shown = names.filter((name) => !tables[name].ownPage);

test('what stands between the markers is replaced, and nothing else', () => {
  const before = 'above\n<!-- benchmark tea -->\nold\n<!-- end of benchmark tea -->\nbelow\n';
  const after = withSection(before, 'tea', '$& new\n');
  expect(after).toBe('above\n<!-- benchmark tea -->\n\n$& new\n\n<!-- end of benchmark tea -->\nbelow\n');
  expect(withSection(after, 'tea', '$& new\n')).toBe(after);
});

test('a document without a place for the table is refused', () => {
  expect(() => withSection('no markers', 'tea', 'new')).toThrow('the document has no place for the table "tea": add the lines <!-- benchmark tea -->');
});

test('a part that was measured again replaces its own rows', () => {
  const row = (condition: string, ms: number) => ({ condition, measured: { tea: [ms] } });
  const table = (...rows: ReturnType<typeof row>[]) => ({ ...tables[names[0]], rows });
  expect(withKeptRows(table(row('hot', 3), row('new', 4)), table(row('cold', 1), row('hot', 2))).rows).toEqual([row('cold', 1), row('hot', 3), row('new', 4)]);
  expect(withKeptRows(table(row('hot', 3)), undefined).rows).toEqual([row('hot', 3)]);
});

test('every table of the document was measured', () => {
  expect([...read(DOCUMENT).matchAll(/^<!-- benchmark (.*) -->$/gm)].map(([, name]) => name).sort()).toEqual([...shown, SUMMARY].sort());
});

test.each(names)('the Markdown shows the measurements of %s', (name) => {
  expect(read(join(RESULTS, `${name}.md`))).toBe(renderTable(tables[name]));
});

test.each(shown)('the document shows the measurements of %s', (name) => {
  const rendered = renderTable(tables[name]);
  expect(withSection(read(DOCUMENT), name, rendered)).toBe(read(DOCUMENT));
});

test('the document and the picture show what follows from all measurements', () => {
  expect(withSection(read(DOCUMENT), SUMMARY, renderOutcomes(outcomes(tables)))).toBe(read(DOCUMENT));
  expect(read(PICTURE)).toBe(renderPicture(tables));
});
