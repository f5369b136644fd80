import { DuckDbError, type DuckDbErrorCode, ResultLimitError } from '../../../../lib-runtime/base/errors';
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
  const problem = problemOf(new DuckDbError(code, SECRETS, { retryable }), 'q', false);
  expect(problem).toMatchObject({ status, headers, code });
  expect(problem.body('id')).not.toMatch(/s3:|var|SELECT|password/);
  expect(logged).toHaveBeenCalledTimes(status >= 500 ? 1 : 0);
});

test('a result that does not fit into memory has nothing to do with what Lambda returns', () => {
  const { status, detail } = problemOf(new ResultLimitError('a value has 300 MB'), 'q', false);
  expect([status, detail]).toEqual([413, 'the answer has more than fits into the function\'s memory at once: ask for less']);
});

test('an error of another kind tells nothing, and the log has its stack', () => {
  const error = new TypeError(SECRETS);
  expect(problemOf(error, 'q', false).body(undefined)).not.toMatch(/s3:|var|SELECT|password/);
  expect(logged).toHaveBeenCalledWith(expect.any(String), error);
});

test('after a write, an error that may pass does not ask for another attempt', () => {
  const { detail, headers } = problemOf(new DuckDbError('QUERY', SECRETS, { retryable: true }), 'q', true);
  expect([detail, headers]).toEqual([expect.stringMatching(/; the query may have written, so look before you ask again$/), {}]);
});
