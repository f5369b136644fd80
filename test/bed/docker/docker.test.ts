import { docker, dockerAvailability, run } from '..';
import { describeWith } from '../require';

describeWith('docker', 'docker', () => {
  it('has an engine, and a client with BuildKit', async () => {
    const { stderr } = await docker(['build', '-'], { input: 'FROM scratch\nLABEL test-bed=1\n', env: { BUILDKIT_PROGRESS: 'plain' } });
    expect(stderr).toContain('[internal] load build definition');
    expect(dockerAvailability()).toEqual({ available: true });
  });

  it('finds the engine at once when it is there', async () => {
    const start = performance.now();
    await docker(['version']);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('rejects with what Docker said', async () => {
    await expect(docker(['image', 'inspect', 'no-such-image'])).rejects.toThrow(/ended with 1\n[^]*No such image/);
  });

});

describe('run', () => {
  it('ends a command and its children at the time limit', async () => {
    const start = performance.now();
    await expect(run('sh', ['-c', 'sleep 30 & sleep 30'], { timeoutMs: 200 })).rejects.toThrow('did not end within 200 ms');
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});
