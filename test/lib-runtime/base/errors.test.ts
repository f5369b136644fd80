import { inspect } from 'node:util';
import {
  AbortedError, BootstrapError, BudgetError, BusyError, ClosedError, CommitUnknownError, ConfigError, DuckDbError, ExtensionError, FatalError,
  FileInUseError, OutOfRangeError, ParameterError, QueryError, ResultLimitError, TimeoutError,
} from '../../../lib-runtime';
import { rememberSecret, scrub } from '../../../lib-runtime/base/redaction';
import { queryError } from '../../../lib-runtime/diagnosis/query-error';

test.each([
  [ConfigError, 'CONFIG', false], [ExtensionError, 'EXTENSION', false], [QueryError, 'QUERY', false], [ParameterError, 'PARAMETER', false],
  [ResultLimitError, 'RESULT_LIMIT', false], [OutOfRangeError, 'OUT_OF_RANGE', false], [TimeoutError, 'TIMEOUT', true], [AbortedError, 'ABORTED', false],
  [BudgetError, 'BUDGET', true], [BootstrapError, 'BOOTSTRAP', true], [BusyError, 'BUSY', false], [ClosedError, 'CLOSED', false],
  [FileInUseError, 'FILE_IN_USE', true], [CommitUnknownError, 'COMMIT_UNKNOWN', false], [FatalError, 'FATAL', true],
])('%p', (Class, code, retryable) => {
  const error = new Class('what happened', { cause: new Error('why') });
  expect(error).toMatchObject({ name: Class.name, code, retryable, message: 'what happened', cause: new Error('why') });
  expect(error).toBeInstanceOf(Class);
  expect(error).toBeInstanceOf(DuckDbError);
  expect(error).toBeInstanceOf(Error);
  expect(error instanceof (Class === ConfigError ? ClosedError : ConfigError)).toBe(false);
  expect(String(error)).toBe(`${Class.name}: what happened`);
});

test.each([null, undefined, 1, 'text', {}, new Error('x'), Object.assign(new Error('x'), { name: 'ConfigError', code: 'CONFIG' })])(
  '%p is not one of our errors', (value) => expect(value instanceof DuckDbError || value instanceof ConfigError).toBe(false));

describe('what DuckDB said', () => {
  const ofText = (text: string, sql = 'SELECT 1') => queryError(new Error(text), sql);

  test.each([
    ['HTTP Error: HTTP GET error on \'http://h/x\' (HTTP 503)', true],
    ['IO Error: Could not establish connection error for HTTP HEAD to \'http://h/x\'', true],
    ['TransactionContext Error: Failed to commit: Transaction conflict on key', true],
    ['TransactionContext Error: Conflict on update!', true],
    ['HTTP Error: HTTP GET error on \'http://h/x\' (HTTP 403)', false],
    ['IO Error: Failed to execute query "COPY (…)": server closed the connection unexpectedly', true],
    ['IO Error: Failed to execute query "COPY (…)": SSL SYSCALL error: EOF detected', true],
    ['Invalid Error: Failed to prepare COPY "COPY (…)": SSL error: unexpected eof while reading', true],
    ['IO Error: Failed to execute query "COPY (…)": could not receive data from server: Connection timed out', true],
    ['IO Error: Failed to execute query "COPY (…)": FATAL:  terminating connection because of crash of another server process', true],
    ['IO Error: Failed to execute query "COPY (…)": ERROR:  canceling statement due to conflict with recovery', true],
    ['IO Error: Failed to execute query "COPY (…)": ERROR:  canceling statement due to statement timeout', false],
    ['Parser Error: syntax error\n\nLINE 1: SELEC 503', false],
    ['Binder Error: Referenced column "a" not found', false],
  ])('%s: retryable %p', (text, retryable) => expect(ofText(text).retryable).toBe(retryable));

  test('hints are for what reached out, not for figures in SQL', () => {
    expect(ofText('Parser Error: syntax error at or near "404"', 'SELEC 404').message).not.toContain('hint');
    expect(ofText("HTTP Error: HTTP GET error on 'http://h/x' (HTTP 403)").message).not.toContain('S3Step');
    expect(ofText("HTTP Error: HTTP GET error reading 's3://b/x' (HTTP 400 Bad Request) ExpiredToken").message).toContain('hint: the AWS credentials have expired');
  });

  test('what has no class of DuckDB\'s stays as it is', () => {
    expect(ofText('Failed to do it')).toMatchObject({ code: 'QUERY', duckdbType: undefined, message: 'Failed to do it\n\nin: SELECT 1' });
  });
});

describe('secrets', () => {
  test('known values are cut from message, stack and cause, in every form in which they are echoed', () => {
    rememberSecret("pass'word/1");
    const cause = new Error("LINE 1: 'pass''word/1' and pass%27word%2F1 and pass'word%2F1");
    const error = new QueryError("cannot connect with pass'word/1", { cause });
    const shown = `${error.message} ${error.stack} ${(error.cause as Error).message} ${(error.cause as Error).stack}`;
    expect(shown).not.toMatch(/pass('|''|%27)word/);
    expect(error.message).toBe('cannot connect with [redacted]');
    expect((error.cause as Error).message).toContain('LINE 1');
  });

  test('one secret inside another leaves nothing of either', () => {
    rememberSecret('abcdef');
    rememberSecret('abcdef-and-more');
    expect(scrub('x abcdef-and-more y abcdef z')).toBe('x [redacted] y [redacted] z');
  });

  test('text that is too short to be one is left alone', () => {
    rememberSecret('a');
    rememberSecret('');
    rememberSecret(undefined);
    expect(scrub('a banana')).toBe('a banana');
  });

  test('a cause that shows one in its own cause or in a property is replaced', () => {
    rememberSecret('hunter2-deep');
    const deep = new Error('outer', { cause: new Error('inner', { cause: new Error('login with hunter2-deep') }) });
    const property = Object.assign(new Error('refused'), { response: { body: 'password=hunter2-deep' } });
    for (const cause of [deep, property]) {
      const error = new QueryError('x', { cause });
      expect(inspect(error, { depth: null })).not.toContain('hunter2-deep');
      expect((error.cause as Error).message).toBe(cause.message);
    }
  });

  test.each([null, 'text', 0, Object.create(null)])('a cause may be anything: %p', (cause) => {
    expect(new QueryError('x', { cause })).toMatchObject({ message: 'x', cause });
  });

  test('a cause without secrets is kept as it is', () => {
    const cause = new Error('plain');
    expect(new QueryError('x', { cause }).cause).toBe(cause);
  });
});
