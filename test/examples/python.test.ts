import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { synthesisedExample, templateFile } from './synthesised';
import { devDependencies } from '../../package.json';
import { DuckDbQueryFunction, S3Step } from '../../src';
import { pythonPackages, repositoryRoot, run } from '../bed';
import { describeWith } from '../bed/require';
import { temporaryDirectory } from '../temporary-directory';

const EXAMPLE = join(repositoryRoot, 'examples', 'python-sales');
const QUERY_APP = join(repositoryRoot, 'test', 'fixtures', 'query-app.py');
const QUERIES = join(repositoryRoot, 'test', 'fixtures', 'queries');

/** A recent aws-cdk-lib. Its interfaces have their bases in another order than those of the lowest, and Python must order them with this library's. */
const RECENT_CDK = ['aws-cdk-lib==2.275.0', 'jsii==1.142.0'];

describeWith('python', 'an app in Python', () => {
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

  test('synthesises what the example of monthly sales in TypeScript does, byte for byte, with another umask, time zone and locale', async () => {
    const assembly = temporaryDirectory();
    await run('sh', ['-c', 'umask 077 && exec "$0" app.py', python],
      { cwd: EXAMPLE, env: { PYTHONPATH: library, CDK_OUTDIR: assembly, TZ: 'Asia/Tokyo', LC_ALL: 'tr_TR.UTF-8' }, timeoutMs: 300_000 });
    const template = (directory: string) => readFileSync(templateFile(directory, 'Sales'), 'utf8');
    expect(template(assembly)).toBe(template(await synthesisedExample('sales')));
    expect(template(assembly)).toMatch(/:[0-9a-f]{64}"/);
  }, 400_000);

  test('synthesises with a recent aws-cdk-lib', async () => {
    const environment = await pythonPackages('recent-aws-cdk-lib', RECENT_CDK, ['--no-compile']);
    const assembly = temporaryDirectory();
    await run(join(environment, 'bin', 'python'), ['app.py'], { cwd: EXAMPLE, env: { PYTHONPATH: library, CDK_OUTDIR: assembly }, timeoutMs: 300_000 });
    expect(readFileSync(templateFile(assembly, 'Sales'), 'utf8')).toContain('DUCKDB_LAMBDA_CONFIG');
  }, 600_000);

  test('synthesises a function of queries as TypeScript does, byte for byte, without a package of npm, and reads its queries', async () => {
    const folder = temporaryDirectory();
    cpSync(QUERIES, join(folder, 'sql'), { recursive: true });
    const [ofPython, ofTypeScript] = [temporaryDirectory(), temporaryDirectory()];
    const { stdout } = await run('sh', ['-c', 'umask 077 && exec "$0" "$1" sql', python, QUERY_APP],
      { cwd: folder, env: { PYTHONPATH: library, CDK_OUTDIR: ofPython, TZ: 'Asia/Tokyo', LC_ALL: 'tr_TR.UTF-8' }, timeoutMs: 300_000 });
    expect(stdout.trim().split('\n')).toEqual([
      "[('monthly-sales', [('month', 'VARCHAR', False), ('least', 'DECIMAL(18,2)', True)]), ('reports/daily', [])]",
      'results/ DuckDbRetryableError 6',
    ]);

    const app = new App({ outdir: ofTypeScript });
    const stack = new Stack(app, 'Stack');
    new DuckDbQueryFunction(stack, 'Sales', {
      queries: QUERIES,
      bootstrap: [new S3Step({ buckets: [Bucket.fromBucketName(stack, 'Lake', 'my-data-lake')], prefixes: ['orders/'] })],
      results: { bucket: new Bucket(stack, 'Results'), prefix: 'results/' },
    });
    app.synth();
    const template = (assembly: string) => readFileSync(templateFile(assembly, 'Stack'), 'utf8');
    expect(template(ofPython)).toBe(template(ofTypeScript));
    expect(template(ofPython)).toMatch(/:[0-9a-f]{64}"/);
    // Nothing asks an app in Python for a package of npm.
    expect(readFileSync(join(ofPython, 'manifest.json'), 'utf8')).not.toContain('cdk-duckdb-lambda:queries');
  }, 400_000);
});
