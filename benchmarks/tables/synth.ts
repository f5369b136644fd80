import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../../test/bed';
import { interleaved, type Measure } from '../harness/interleaved';
import { describeThisProcess } from '../harness/machine';
import type { Benchmark } from '../report/table';

const run = promisify(execFile);
const OURS = 'DuckDbFunction';
const THEIRS = 'NodejsFunction';
const FUNCTIONS = 10;

export const synth: Benchmark = {
  name: 'synth',
  summary: 'synthesis of a stack of ten functions, beside ten NodejsFunctions',
  runs: 5,
  withoutDocker: true,
  measure: async (runs, progress) => {
    const project = handlerProject();
    const entries = Array.from({ length: FUNCTIONS }, (_, i) => `src/handler${i}.ts`);
    const conditions: [condition: string, part: 'app' | 'constructs', entries: string[]][] = [
      ['an app with ten handlers, from its start to its end', 'app', entries],
      ['of that, the ten constructs', 'constructs', entries],
      ['the ten constructs, all of one handler', 'constructs', entries.map(() => entries[0])],
    ];
    try {
      const rows = [];
      for (const [condition, part, handlers] of conditions) {
        progress(condition);
        const contender = (name: string): Measure => () => synthesise(project, name, part, handlers);
        rows.push({ condition, measured: await interleaved({ [OURS]: contender(OURS), [THEIRS]: contender(THEIRS) }, runs) });
      }
      return {
        title: 'Synthesis of a stack of ten functions',
        conditions: 'what is measured',
        unit: 'ms',
        contenders: [OURS, THEIRS],
        ratios: [{ of: OURS, to: THEIRS }],
        rows,
        notes: ['Each run is a separate process. Both bundle with the project\'s esbuild: DuckDbFunction through its API, NodejsFunction through npx.'],
        machine: describeThisProcess(),
      };
    } finally {
      rmSync(project, { recursive: true });
    }
  },
};

/** A project of handlers, with the packages of this repository. */
function handlerProject(): string {
  const project = mkdtempSync(join(tmpdir(), 'duckdb-lambda-bench-'));
  mkdirSync(join(project, 'src'));
  symlinkSync(join(repositoryRoot, 'node_modules'), join(project, 'node_modules'));
  writeFileSync(join(project, 'package.json'), '{"name":"handlers"}');
  writeFileSync(join(project, 'package-lock.json'), '{"lockfileVersion":3,"packages":{}}');
  for (let i = 0; i < FUNCTIONS; i++) {
    writeFileSync(join(project, 'src', `handler${i}.ts`), 'import { cursor } from \'cdk-duckdb-lambda/runtime\';\n'
      + `export const handler = () => cursor((c) => c.query('SELECT ${i} AS i'));\n`);
  }
  return project;
}

async function synthesise(project: string, contender: string, part: string, entries: string[]): Promise<number> {
  const { stdout } = await run(process.execPath, [join(repositoryRoot, 'benchmarks', 'process', 'synth.cjs'), contender, part, ...entries], { cwd: project });
  return JSON.parse(stdout);
}
