import { createServer, type AddressInfo } from 'node:net';
import { CONTAINER_HOST, docker, lambdaBaseImage, runFunction, type RunningFunction } from '..';
import { describeWith } from '../require';

const HANDLER = `
const { writeFileSync } = require('node:fs');
const { connect } = require('node:net');
const attempt = (fn) => { try { fn(); return 'ok'; } catch (error) { return error.code; } };
exports.handler = async (event) => {
  if (event.fail) throw new RangeError(event.fail);
  if (event.sleep) await new Promise((wake) => setTimeout(wake, event.sleep));
  return {
    event,
    home: process.env.HOME ?? null,
    user: process.getuid() + ':' + process.getgid(),
    memory: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    task: attempt(() => writeFileSync('/var/task/x', '')),
    tmp: attempt(() => writeFileSync('/tmp/x', '')),
    host: await new Promise((settle) => {
      if (!event.port) return settle(null);
      const socket = connect(event.port, '${CONTAINER_HOST}', () => settle('connected') || socket.destroy());
      socket.on('error', (error) => settle(error.code));
    }),
  };
};`;

describeWith('lambda', 'runFunction', () => {
  let image: string;
  let running: RunningFunction | undefined;

  beforeAll(async () => {
    const { reference } = await lambdaBaseImage();
    const encoded = Buffer.from(HANDLER).toString('base64');
    const dockerfile = `FROM ${reference}\nRUN node -e "fs.writeFileSync('index.js', Buffer.from('${encoded}', 'base64'))"\nCMD ["index.handler"]\n`;
    image = (await docker(['build', '--quiet', '-'], { input: dockerfile })).stdout.trim();
  });

  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });

  it('runs a handler as Lambda does: read-only, its user, no HOME', async () => {
    running = await runFunction({ image, memoryMb: 512 });
    expect(await running.invoke({ n: 1 })).toEqual({
      payload: { event: { n: 1 }, home: null, user: '993:990', memory: '512', task: 'EROFS', tmp: 'ok', host: null },
    });
    expect(await running.logs()).toContain('REPORT RequestId');
  });

  it('reaches servers of this machine, except without a network', async () => {
    const server = createServer((socket) => socket.destroy());
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '0.0.0.0', () => resolve((server.address() as AddressInfo).port));
    });
    try {
      running = await runFunction({ image });
      expect((await running.invoke({ port })).payload.host).toBe('connected');
      await running.stop();
      running = await runFunction({ image, network: 'none' });
      expect((await running.invoke({ port })).payload.host).toBe('EAI_AGAIN');
    } finally {
      server.close();
    }
  });

  it("tells a handler's error and a time-out from an answer", async () => {
    running = await runFunction({ image, timeoutSeconds: 1 });
    expect((await running.invoke({ fail: 'too far' })).error).toMatchObject({ errorType: 'RangeError', errorMessage: 'too far' });
    expect((await running.invoke({ sleep: 5000 })).error?.errorMessage).toContain('timed out after 1.00 seconds');
    expect((await running.invoke({ n: 2 })).payload.event).toEqual({ n: 2 });
  });

  it('leaves no container behind', async () => {
    running = await runFunction({ image });
    await running.stop();
    const { stdout } = await docker(['ps', '--all', '--quiet', '--no-trunc']);
    expect(stdout).not.toContain(running.containerId);
  });
});
