import { DuckDbError, type DuckDbErrorCode } from '../../../../lib-runtime/base/errors';
import { problemOf } from '../../../../lib-runtime/queries/http/problem';

let logged: jest.SpyInstance;
beforeEach(() => void (logged = jest.spyOn(console, 'error').mockImplementation(() => undefined)));
afterEach(() => logged.mockRestore());

const SECRETS = 'IO Error: s3://bucket/x at /var/task/index.mjs:1:1, in: SELECT password';

test.each<[DuckDbErrorCode, boolean, number, object]>([
  ['BUDGET', true, 429, { 'retry-after': '2' }],
  ['FATAL', true, 503, { 'retry-after': '2' }],
  ['QUERY', true, 503, { 'retry-after': '2' }],
  ['TIMEOUT', true, 504, {}],
  ['QUERY', false, 500, {}],
  ['EXTENSION', false, 500, {}],
])('%s, of which retryable is %s, is a %i', (code, retryable, status, headers) => {
  const problem = problemOf(new DuckDbError(code, SECRETS, { retryable }), 'q', true);
  expect(problem).toMatchObject({ status, headers, code });
  expect(problem.body('id')).not.toMatch(/s3:|var|SELECT|password/);
  expect(logged).toHaveBeenCalledTimes(status >= 500 ? 1 : 0);
});

test('an error of another kind tells nothing, and the log has its stack', () => {
  const error = new TypeError(SECRETS);
  expect(problemOf(error, 'q', true).body(undefined)).not.toMatch(/s3:|var|SELECT|password/);
  expect(logged).toHaveBeenCalledWith(expect.any(String), error);
});
