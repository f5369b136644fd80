import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startRuntimeClient } from './runtime-client';
import { temporaryDirectory } from '../../temporary-directory';

test('a handler may be silent for longer than HTTP keeps a connection, also on its second invocation', async () => {
  const taskRoot = temporaryDirectory();
  writeFileSync(join(taskRoot, 'index.mjs'), `
    export const handler = awslambda.streamifyResponse(async ({ silentMs }, response) => {
      await new Promise((resolve) => setTimeout(resolve, silentMs));
      response.end('done');
    });
  `);
  const client = await startRuntimeClient({ taskRoot, handler: 'index.handler' });
  try {
    for (const silentMs of [0, 6500]) {
      let text = '';
      await client.invoke({ silentMs }, (chunk) => text += chunk.toString());
      expect([silentMs, text]).toEqual([silentMs, 'done']);
    }
  } finally {
    await client.stop();
  }
}, 30_000);
