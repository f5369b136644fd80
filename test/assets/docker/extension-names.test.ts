import { readFileSync } from 'node:fs';
import { EXTENSION_NAMES, extensionNames } from './extension-names';

test('the checked-in names are those of DuckDB', async () => {
  expect(readFileSync(EXTENSION_NAMES, 'utf8')).toBe(await extensionNames());
});
