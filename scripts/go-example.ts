// `npx projen go-example`: synthesises examples/go-sales with the Go module of this library, and compares the template with that of
// examples/sales. Needs Go and a module proxy.
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot, run } from '../test/bed';

const MODULE = 'github.com/cdk-duckdb-lambda/cdk-duckdb-lambda-go/cdkduckdblambda';
const EXAMPLE = join(repositoryRoot, 'examples', 'go-sales');
/** A first build downloads and compiles the CDK. */
const TIMEOUT_MS = 1_200_000;

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'go-example-'));
  try {
    console.log('Generating the Go module …');
    await run(join(repositoryRoot, 'node_modules/.bin/jsii-pacmak'), ['--target', 'go', '--code-only', '--outdir', directory],
      { cwd: repositoryRoot, timeoutMs: TIMEOUT_MS });

    console.log('Synthesising examples/go-sales; its first build takes minutes …');
    const modfile = join(directory, 'go.mod');
    copyFileSync(join(EXAMPLE, 'go.mod'), modfile);
    await run('go', ['mod', 'edit', '-replace', `${MODULE}=${join(directory, 'go', 'cdkduckdblambda')}`, modfile]);
    const [ofGo, ofTypeScript] = [join(directory, 'of-go'), join(directory, 'of-typescript')];
    await run('go', ['run', '-mod=mod', `-modfile=${modfile}`, '.'], { cwd: EXAMPLE, env: { CDK_OUTDIR: ofGo }, timeoutMs: TIMEOUT_MS });
    await run(process.execPath, ['-r', 'ts-node/register/transpile-only', 'examples/sales/app.ts'], { cwd: repositoryRoot, env: { CDK_OUTDIR: ofTypeScript } });
    const template = (assembly: string) => readFileSync(join(assembly, 'Sales.template.json'), 'utf8');
    if (template(ofGo) !== template(ofTypeScript)) throw new Error(`the templates differ:\n${template(ofGo)}\n${template(ofTypeScript)}`);
    console.log('Go synthesises what TypeScript does, byte for byte.');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
