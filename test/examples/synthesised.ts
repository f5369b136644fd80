import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
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
  'nightly-etl': ['NightlyEtlDatabase', 'NightlyEtl'],
  'per-tenant': ['Tenants'],
  's3-events': ['S3EventsDatabase', 'S3Events'],
  'scheduled-export': ['ScheduledExport'],
};

export type Example = keyof typeof EXAMPLES;

export interface SynthesisOptions {
  /** Where the cloud assembly is written, or those of many examples, each under its name. @default - a temporary directory */
  readonly assembly?: string;
  /** The folder of the examples. @default - the repository's */
  readonly examples?: string;
}

/** Synthesises an example by its own app, as `cdk synth` does, and returns the cloud assembly's directory. */
export async function synthesisedExample(name: Example, options: SynthesisOptions = {}): Promise<string> {
  const { assembly = temporaryDirectory(), examples = 'examples' } = options;
  await synthesise([[resolve(repositoryRoot, examples, name, 'app.ts'), assembly]]);
  return assembly;
}

/** Synthesises many examples in one process, which compiles the library and loads the CDK only once. Returns the directories by the examples' names. */
export async function synthesisedExamples<Name extends Example>(
  names: readonly Name[], options: SynthesisOptions = {},
): Promise<{ [name in Name]: string }> {
  const { assembly = temporaryDirectory(), examples = 'examples' } = options;
  const assemblies = names.map((name) => [name, join(assembly, name)] as const);
  await synthesise(assemblies.map(([name, directory]) => [resolve(repositoryRoot, examples, name, 'app.ts'), directory]));
  return Object.fromEntries(assemblies) as { [name in Name]: string };
}

/** An app reads its directory when it is created, and is synthesised when the process has nothing else to do. */
const LOAD_APPS = `
  for (const [app, assembly] of JSON.parse(process.argv[1])) {
    process.env.CDK_OUTDIR = assembly;
    require(app);
  }
`;

async function synthesise(apps: readonly (readonly [app: string, assembly: string])[]): Promise<void> {
  await run(process.execPath, ['-r', 'ts-node/register/transpile-only', '--eval', LOAD_APPS, JSON.stringify(apps)],
    { cwd: repositoryRoot, env: { TS_NODE_PROJECT: 'tsconfig.dev.json' } });
}

export const templateFile = (assembly: string, stack: string) => join(assembly, `${stack}.template.json`);

/** A stack's template with each asset's hash replaced, which says only that something in the image changed, and those of versions that depend on it. */
export function templateText(assembly: string, stack: string): string {
  return readFileSync(templateFile(assembly, stack), 'utf8').replace(/[0-9a-f]{64}/g, '<asset>')
    .replace(/(?<=CurrentVersion[0-9A-F]{8})[0-9a-f]{32}/g, '<version>');
}
