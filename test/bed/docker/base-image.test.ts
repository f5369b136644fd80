import { buildNetwork, docker, lambdaBaseImage } from '..';
import { describeWith } from '../require';

describeWith('lambda', 'lambdaBaseImage', () => {
  it('runs Node.js 24 and npm, without a registry', async () => {
    const { reference } = await lambdaBaseImage();
    const { stdout } = await docker(['run', '--rm', '--network', 'none', '--entrypoint', '/bin/sh', reference, '-c', 'node --version; npm --version']);
    expect(stdout).toMatch(/^v24\.\d+\.\d+\n\d+\.\d+\.\d+\n$/);
  });

  it('lets a build install packages with what buildNetwork says', async () => {
    const { reference } = await lambdaBaseImage();
    const { network, buildArgs } = await buildNetwork();
    const dockerfile = `FROM ${reference}\nARG NODE_EXTRA_CA_CERTS\nRUN npm view detect-libc name\n`;
    await docker([
      'build', '--no-cache', ...network ? ['--network', network] : [],
      ...Object.entries(buildArgs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]), '-',
    ], { input: dockerfile });
  });

  it('is had for arm64 too, to build on without running it', async () => {
    const { reference } = await lambdaBaseImage('arm64');
    const { stdout } = await docker(['build', '--quiet', '--platform', 'linux/arm64', '-'], { input: `FROM ${reference}\nWORKDIR /var/task\n` });
    const { stdout: architecture } = await docker(['image', 'inspect', '--format', '{{.Architecture}}', stdout.trim()]);
    expect(architecture).toBe('arm64\n');
  }, 300_000);

  it('is found at once the second time', async () => {
    const start = performance.now();
    let again: Promise<unknown> | undefined;
    jest.isolateModules(() => {
      const fresh: typeof import('./base-image') = jest.requireActual('./base-image');
      again = fresh.lambdaBaseImage();
    });
    expect(await again).toEqual(await lambdaBaseImage());
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
