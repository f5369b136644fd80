import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { synthesisedExamples, type Example } from './synthesised';
import { repositoryRoot } from '../bed';
import { newRunDirectory } from '../bed/process/run-directory';
import { temporaryDirectory } from '../temporary-directory';

/** A text in a file of an example, and what stands there instead. */
export type Change = readonly [file: string, text: string, instead: string];

/** Synthesises examples by their own apps, as they are or with a change to each, and returns an assembly that has the assembly of each under its name. */
export async function changedExamples(names: readonly Example[], changes: Partial<Record<Example, Change>> = {}): Promise<string> {
  const assembly = temporaryDirectory();
  // Within the repository, so that they find the library and their packages.
  const sources = newRunDirectory('examples');
  const examples = join(sources, 'examples');
  cpSync(join(repositoryRoot, 'examples'), examples, { recursive: true });
  for (const [name, change] of Object.entries(changes)) changeFile(join(examples, name), change);
  await synthesisedExamples(names, { assembly, examples });
  rmSync(sources, { recursive: true });
  const { version } = JSON.parse(readFileSync(join(assembly, names[0]!, 'manifest.json'), 'utf8'));
  const artifacts = Object.fromEntries(names.map((name) => [`assembly-${name}`, { type: 'cdk:cloud-assembly', properties: { directoryName: name } }]));
  writeFileSync(join(assembly, 'manifest.json'), JSON.stringify({ version, artifacts }));
  return assembly;
}

function changeFile(example: string, [name, text, instead]: Change): void {
  const file = join(example, name);
  const source = readFileSync(file, 'utf8');
  if (!source.includes(text)) throw new Error(`${file} has no "${text}"`);
  writeFileSync(file, source.replace(text, instead));
}
