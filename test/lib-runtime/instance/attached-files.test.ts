import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Statement } from '../../../lib-runtime/execution/statement';
import { claimFile } from '../../../lib-runtime/instance/files';
import { sharedInstance } from '../../../lib-runtime/instance/shared-instances';
import { rejection } from '../rejection';

test('a list of attached files that was read before an ATTACH does not undo what was noted of it since', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'instance-'));
  const file = join(scratch, 'a.duckdb');
  const instance = await sharedInstance();
  let apply: () => void;
  const applied = new Promise<void>((resolve) => apply = resolve);
  let read: () => void;
  const hasRead = new Promise<void>((resolve) => read = resolve);
  const slowly = jest.spyOn(instance, 'withRaw').mockImplementationOnce(async (task) => {
    slowly.mockRestore();
    return instance.withRaw(async (connection) => task({
      run: async (sql: string) => {
        const result = await connection.run(sql);
        read();
        await applied;
        return result;
      },
    } as never));
  });

  const early = instance.files.recording(async () => undefined);
  await hasRead;
  const sql = `ATTACH '${file}' AS f`;
  const attaching = instance.files.claiming(new Statement(sql), () => instance.withRaw((connection) => connection.run(sql)));
  await Promise.race([attaching, sleep(100)]);
  apply!();
  await Promise.all([early, attaching]);

  expect(await rejection((async () => claimFile(file, {}))())).toMatchObject({ code: 'FILE_IN_USE' });
  await instance.close();
  claimFile(file, {});
  rmSync(scratch, { recursive: true });
});
