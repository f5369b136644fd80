import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderTable } from '../../benchmarks/markdown';
import { DOCUMENT, RESULTS, withSection } from '../../benchmarks/results';

const read = (file: string) => readFileSync(file, 'utf8');
const names = readdirSync(RESULTS).filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));

test('what stands between the markers is replaced, and nothing else', () => {
  const before = 'above\n<!-- benchmark tea -->\nold\n<!-- end of benchmark tea -->\nbelow\n';
  const after = withSection(before, 'tea', '$& new\n');
  expect(after).toBe('above\n<!-- benchmark tea -->\n\n$& new\n\n<!-- end of benchmark tea -->\nbelow\n');
  expect(withSection(after, 'tea', '$& new\n')).toBe(after);
});

test('a document without a place for the table is refused', () => {
  expect(() => withSection('no markers', 'tea', 'new')).toThrow('the document has no place for the table "tea": add the lines <!-- benchmark tea -->');
});

test('every table of the document was measured', () => {
  expect([...read(DOCUMENT).matchAll(/^<!-- benchmark (.*) -->$/gm)].map(([, name]) => name).sort()).toEqual(names.sort());
});

test.each(names)('the document and the Markdown show the measurements of %s', (name) => {
  const rendered = renderTable(JSON.parse(read(join(RESULTS, `${name}.json`))));
  expect(read(join(RESULTS, `${name}.md`))).toBe(rendered);
  expect(withSection(read(DOCUMENT), name, rendered)).toBe(read(DOCUMENT));
});
