import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, run } from '../bed';
import { temporaryDirectory } from '../temporary-directory';

/** The examples that are CDK apps, and the stacks of each. */
export const EXAMPLES = {
  'sales': ['Sales'],
  'reports': ['Database', 'Reports'],
  'api': ['Api', 'Website'],
  'step-functions': ['LargeOrders'],
  'scale-out': ['ScaleOut'],
  'iceberg': ['Iceberg'],
  'lakehouse': ['LakehouseDatabase', 'Lakehouse'],
  'compaction': ['Compaction'],
  'nightly-etl': ['NightlyEtl'],
  'per-tenant': ['Tenants'],
  's3-events': ['S3Events'],
  'scheduled-export': ['ScheduledExport'],
};

export interface SynthesisOptions {
  /** Where the cloud assembly is written. @default - a temporary directory */
  readonly assembly?: string;
  /** The folder of the examples. @default - the repository's */
  readonly examples?: string;
}

/** Synthesises an example by its own app, as `cdk synth` does, and returns the cloud assembly's directory. */
export async function synthesisedExample(name: keyof typeof EXAMPLES, options: SynthesisOptions = {}): Promise<string> {
  const { assembly = temporaryDirectory(), examples = 'examples' } = options;
  await run(process.execPath, ['-r', 'ts-node/register/transpile-only', join(examples, name, 'app.ts')],
    { cwd: repositoryRoot, env: { TS_NODE_PROJECT: 'tsconfig.dev.json', CDK_OUTDIR: assembly } });
  return assembly;
}

export const templateFile = (assembly: string, stack: string) => join(assembly, `${stack}.template.json`);

/** A stack's template with each asset's hash replaced, which says only that something in the image changed, and those of versions that depend on it. */
export function templateText(assembly: string, stack: string): string {
  return readFileSync(templateFile(assembly, stack), 'utf8').replace(/[0-9a-f]{64}/g, '<asset>')
    .replace(/(?<=CurrentVersion[0-9A-F]{8})[0-9a-f]{32}/g, '<version>');
}
