// This library, as its environment tells it to be.
import { cursor } from '../../runtime/index.mjs';

const run = (sql) => cursor((c) => c.query(sql, undefined, { rows: 'json', maxBytes: Infinity }));

export async function open() {
  await run('SELECT 1');
  return { run };
}
