import { readFileSync } from 'node:fs';
import { SETTING_NAMES, settingNames } from './setting-names';
import { describeWithOfficialExtensions } from '../docker/official-extensions';

describeWithOfficialExtensions('DuckDB\'s settings', () => {
  test('the checked-in names are those of DuckDB and its extensions', async () => {
    const text = readFileSync(SETTING_NAMES, 'utf8');
    expect(text).toBe(await settingNames());
    expect(JSON.parse(text).settings).toEqual(expect.arrayContaining(['threads', 'worker_threads', 'pg_use_text_protocol', 's3_region', 'http_timeout', 'timezone']));
  });
});
