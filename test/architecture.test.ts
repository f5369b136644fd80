import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bedPath, repositoryRoot } from './bed/paths';

const PARTS = ['src', 'lib-runtime', 'assets'];
/** Guards against an empty check: a tree that was not read has no violations either. */
const LEAST_MODULES = 240;

/** dependency-cruiser's report on the imports in `root`, with the repository's rules. */
function cruise(root: string): { text: string; modules: number } {
  const { stdout, stderr } = spawnSync(process.execPath, [
    join(repositoryRoot, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'), '--config', '.dependency-cruiser.cjs', '--output-type', 'err', ...PARTS,
  ], { cwd: root, encoding: 'utf8', timeout: 120_000 });
  return { text: stdout + stderr, modules: Number(/\((\d+) modules|(\d+) modules,/.exec(stdout)?.slice(1).find(Boolean)) };
}

test('no circle of imports, and none against the direction between folders', () => {
  const { text, modules } = cruise(repositoryRoot);
  expect(text).toContain('no dependency violations found');
  expect(modules).toBeGreaterThanOrEqual(LEAST_MODULES);
}, 150_000);

describe('faults that are planted', () => {
  let planted: string;
  let report: string;

  const FAULTS: readonly [what: string, files: Record<string, string>, found: RegExp][] = [
    ['a circle, by types alone', {
      'lib-runtime/base/one.ts': "import type { Two } from './two';\nexport type One = Two;\n", 'lib-runtime/base/two.ts': "import type { One } from './one';\nexport type Two = One;\n",
    }, /error no circle: lib-runtime\/base\/one\.ts/],
    ['an import against the direction', { 'lib-runtime/base/upward.ts': "export { Instance } from '../instance/instance';\n" },
      /error lib-runtime\/base is below client: lib-runtime\/base\/upward\.ts/],
    ['the runtime in the construct', { 'src/checks/other-half.ts': "export { ConfigError } from '../../lib-runtime/base/errors';\n" },
      /error the construct knows nothing of the runtime: src\/checks\/other-half\.ts/],
    ['a folder without a place', { 'src/utils/odds.ts': 'export const odds = 1;\n', 'src/checks/odd.ts': "export { odds } from '../utils/odds';\n" },
      /error each folder of src has its place in LAYERS: src\/checks\/odd\.ts/],
  ];

  beforeAll(() => {
    mkdirSync(bedPath(), { recursive: true });
    planted = mkdtempSync(bedPath('architecture-'));
    for (const part of [...PARTS, '.dependency-cruiser.cjs', 'package.json', 'tsconfig.dev.json']) {
      cpSync(join(repositoryRoot, part), join(planted, part), { recursive: true });
    }
    symlinkSync(join(repositoryRoot, 'node_modules'), join(planted, 'node_modules'));
    for (const [file, text] of FAULTS.flatMap(([, files]) => Object.entries(files))) {
      mkdirSync(join(planted, file, '..'), { recursive: true });
      writeFileSync(join(planted, file), text);
    }
    report = cruise(planted).text;
  }, 150_000);
  afterAll(() => rmSync(planted, { recursive: true, force: true }));

  test.each(FAULTS)('%s is found', (_, __, found) => expect(report).toMatch(found));

  test('nothing else is found', () => expect(report.match(/^ *error /gm)).toHaveLength(FAULTS.length));
});
