import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../bed';

const sqlOf = (...path: string[]) => /`(\s+SELECT month, category[^`]+)`/.exec(readFileSync(join(repositoryRoot, ...path), 'utf8'))?.[1];

test('the hand-written handler runs the SQL of the example', () => {
  expect(sqlOf('benchmarks', 'container', 'hand-written-sales.mjs')).toBe(sqlOf('examples', 'sales', 'sales.ts'));
  expect(sqlOf('examples', 'sales', 'sales.ts')).toContain('read_parquet');
});
