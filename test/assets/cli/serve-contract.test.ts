import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Served, serving } from './serving';
import { pythonPackages, run } from '../../bed';
import { repositoryRoot } from '../../bed/paths';
import { describeWith } from '../../bed/require';
import { temporaryDirectory } from '../../temporary-directory';

/** Requests for each operation, beside those that try each keyword of its schema: about 10,000 in all with FUZZ_RUNS=1000. */
const RUNS = process.env.FUZZ_RUNS ?? '20';
const SEED = process.env.FUZZ_SEED ?? '1';
const QUERIES = join(repositoryRoot, 'test/fixtures/api-queries');

describeWith('python', 'the API\'s own description', () => {
  let served: Served;
  let environment: string;

  beforeAll(async () => {
    environment = await pythonPackages('schemathesis', ['schemathesis==4.32.5', 'openapi-spec-validator==0.9.0'], ['--no-compile']);
    served = await serving(QUERIES, ['--caller', 'authorizer.claims.tenant=acme']);
  }, 400_000);
  afterAll(() => served?.stop());

  test('is valid OpenAPI', async () => {
    const file = join(temporaryDirectory(), 'openapi.json');
    writeFileSync(file, await (await fetch(`${served.url}/openapi.json`)).text());
    await run(join(environment, 'bin/openapi-spec-validator'), [file]);
  }, 60_000);

  // It also tests that what the description excludes is refused, and what it allows is taken.
  test('is kept by every answer that schemathesis asks for', async () => {
    await run(join(environment, 'bin/schemathesis'), [
      'run', `${served.url}/openapi.json`, '--checks', 'all', '--phases', 'coverage,fuzzing', '--max-examples', RUNS, '--seed', SEED, '--exclude-path', '/beyond-json',
    ], { cwd: temporaryDirectory(), timeoutMs: 3_000_000 });
    const printed = await served.printed('GET /openapi.json');
    expect(printed.split('\n').length).toBeGreaterThan(500);
    expect(printed).not.toMatch(/ 5\d\d: /);
  }, 3_000_000);
});
