import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { synthesisedExample, templateFile } from './synthesised';
import { devDependencies } from '../../package.json';
import { pythonPackages, repositoryRoot, run } from '../bed';
import { describeWith } from '../bed/require';
import { temporaryDirectory } from '../temporary-directory';

const EXAMPLE = join(repositoryRoot, 'examples', 'python-sales');

describeWith('python', 'the example of monthly sales in Python', () => {
  let python: string;
  let library: string;

  beforeAll(async () => {
    const { constructs, 'aws-cdk-lib': cdk } = devDependencies;
    // Its modules are many, and only some are used: they are compiled then.
    const environment = await pythonPackages('aws-cdk-lib', [`aws-cdk-lib==${cdk}`, `constructs==${constructs}`, 'jsii==1.140.0'], ['--no-compile']);
    python = join(environment, 'bin', 'python');
    const generated = temporaryDirectory();
    await run(join(repositoryRoot, 'node_modules/.bin/jsii-pacmak'), ['--target', 'python', '--code-only', '--outdir', generated], { cwd: repositoryRoot });
    library = temporaryDirectory();
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--target', library, join(generated, 'python')]);
  }, 600_000);

  test('synthesises what the example in TypeScript does, byte for byte, with another umask, time zone and locale', async () => {
    const assembly = temporaryDirectory();
    await run('sh', ['-c', 'umask 077 && exec "$0" app.py', python],
      { cwd: EXAMPLE, env: { PYTHONPATH: library, CDK_OUTDIR: assembly, TZ: 'Asia/Tokyo', LC_ALL: 'tr_TR.UTF-8' }, timeoutMs: 300_000 });
    const template = (directory: string) => readFileSync(templateFile(directory, 'Sales'), 'utf8');
    expect(template(assembly)).toBe(template(await synthesisedExample('sales')));
    expect(template(assembly)).toMatch(/:[0-9a-f]{64}"/);
  }, 400_000);
});
