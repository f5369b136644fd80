import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './paths';
import { temporaryDirectory } from '../temporary-directory';

interface Report {
  readonly testResults: { readonly assertionResults: { readonly fullName: string; readonly status: string; readonly failureMessages: string[] }[] }[];
}

/** Jest's report of two suites, one of which lacks a component. */
function report(environment: NodeJS.ProcessEnv) {
  const directory = temporaryDirectory();
  const [output, config] = [join(directory, 'report.json'), join(directory, 'jest.config.json')];
  writeFileSync(join(directory, 'suites.test.js'), `
    const { describeIf } = require(${JSON.stringify(join(repositoryRoot, 'test/bed/require'))});
    describeIf({ available: true }, 'a suite', () => test('is run', () => {}));
    describeIf({ available: false, reason: 'needs a moon' }, 'another suite', () => test('is not', () => {}));
  `);
  writeFileSync(config, JSON.stringify({
    rootDir: directory, transform: { '\\.ts$': [require.resolve('ts-jest'), { tsconfig: join(repositoryRoot, 'tsconfig.dev.json') }] },
  }));
  spawnSync(process.execPath, [require.resolve('jest/bin/jest'), '--config', config, '--json', '--outputFile', output],
    { cwd: repositoryRoot, env: { ...process.env, ...environment }, timeout: 50_000 });
  return (JSON.parse(readFileSync(output, 'utf8')) as Report).testResults[0].assertionResults;
}

describe('a suite that lacks what it needs', () => {
  it('fails under CI', () => {
    expect(report({ CI: 'true' })).toMatchObject([
      { fullName: 'a suite is run', status: 'passed' },
      { fullName: 'another suite', status: 'failed', failureMessages: [expect.stringContaining('needs a moon')] },
    ]);
  });

  it('is skipped elsewhere, and its name says why', () => {
    expect(report({ CI: '' })).toMatchObject([
      { fullName: 'a suite is run', status: 'passed' },
      { fullName: 'another suite [skipped: needs a moon] is not', status: 'pending' },
    ]);
  });
});
