import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { synthesisedExample, templateFile } from './synthesised';
import { repositoryRoot, run } from '../bed';
import { bedPath } from '../bed/paths';
import { describeWith } from '../bed/require';
import { temporaryDirectory } from '../temporary-directory';

const EXAMPLE = join(repositoryRoot, 'examples', 'java-sales');
// A repository of the user's own does not keep a version of the library that is only for the tests.
const MAVEN = ['--quiet', '--batch-mode', `-Dmaven.repo.local=${bedPath('cache', 'maven')}`];

describeWith('maven', 'an app in Java', () => {
  beforeAll(async () => {
    const generated = temporaryDirectory();
    await run(join(repositoryRoot, 'node_modules/.bin/jsii-pacmak'), ['--target', 'java', '--code-only', '--outdir', generated],
      { cwd: repositoryRoot, timeoutMs: 300_000 });
    const pom = join(generated, 'java', 'pom.xml');
    // The lowest version of each dependency, as in the app. A class that is compiled with the newest needs the newest.
    const managed = /<dependencyManagement>[^]*<\/dependencyManagement>/.exec(readFileSync(join(EXAMPLE, 'pom.xml'), 'utf8'))![0];
    writeFileSync(pom, readFileSync(pom, 'utf8').replace(/<version>\[([\d.]+),[^<]*<\/version>/g, '<version>$1</version>')
      .replace('<dependencies>', `${managed}\n$&`));
    await run('mvn', [...MAVEN, '--file', pom, 'install', '-Dmaven.javadoc.skip', '-Dmaven.source.skip'], { timeoutMs: 500_000 });
  }, 900_000);

  test('synthesises what the example of monthly sales in TypeScript does, byte for byte', async () => {
    const assembly = temporaryDirectory();
    await run('mvn', [...MAVEN, 'compile', 'exec:java'], { cwd: EXAMPLE, env: { CDK_OUTDIR: assembly }, timeoutMs: 300_000 });
    const template = (directory: string) => readFileSync(templateFile(directory, 'Sales'), 'utf8');
    expect(template(assembly)).toBe(template(await synthesisedExample('sales')));
    expect(template(assembly)).toMatch(/:[0-9a-f]{64}"/);
  }, 400_000);
});
