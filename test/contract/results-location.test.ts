import { Bucket } from 'aws-cdk-lib/aws-s3';
import fc from 'fast-check';
import { readConfig } from '../../lib-runtime/base/config';
import { resultLocation } from '../../lib-runtime/queries/result-location';
import { DuckDbFunctionOptions } from '../../src';
import { resultsUrl, withResultsStep } from '../../src/queries/results-step';
import { unbundledStack } from '../duckdb-function/unbundled';

const bucket = Bucket.fromBucketName(unbundledStack(), 'Results', 'reports');

function isAccepted(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

test('the two halves accept the same prefixes', () => {
  const part = fc.oneof(
    fc.constantFrom('results', 'month=2025-01', 'a:b', 'a@b', '.', '..', '...', '.a', '', ' ', 'a b', 'a#b', 'a?', '*', '[a]', '%2e', 'a+b', 'größe', '\\', '\n'),
    fc.string({ maxLength: 3 }),
  );
  const prefix = fc.tuple(fc.array(part, { minLength: 1, maxLength: 3 }), fc.constantFrom('/', '/', '/', '')).map(([parts, end]) => parts.join('/') + end);
  const accepted = { yes: 0, no: 0 };
  fc.assert(fc.property(prefix, (text) => {
    const results = { bucket, prefix: text };
    const atSynth = isAccepted(() => withResultsStep({} as DuckDbFunctionOptions, results, 'Stack/Sales'));
    expect([text, isAccepted(() => resultLocation(resultsUrl(results), 'results', readConfig({})))]).toEqual([text, atSynth]);
    accepted[atSynth ? 'yes' : 'no'] += 1;
  }), { numRuns: 1000 });
  expect(Math.min(accepted.yes, accepted.no)).toBeGreaterThan(50);
});
