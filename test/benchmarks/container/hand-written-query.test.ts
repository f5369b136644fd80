import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../bed';

const sqlOf = (...path: string[]) => /^SELECT month, category[^`;]+$/m.exec(readFileSync(join(repositoryRoot, 'benchmarks', ...path), 'utf8'))?.[0].trim();

test('the hand-written handler runs the SQL of the query', () => {
  expect(sqlOf('container', 'hand-written-query.mjs')).toBe(sqlOf('queries', 'best-category.sql'));
  expect(sqlOf('queries', 'best-category.sql')).toContain('read_parquet');
});
