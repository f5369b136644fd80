import { AwsError } from '../../../lib-runtime/aws/aws-request';
import { refused } from '../../../lib-runtime/queries/refused';

test.each<[string, boolean, boolean, boolean]>([
  ['AccessDenied', false, true, false],
  ['SlowDown', true, false, true],
  ['InternalError', true, false, true],
  ['NoAnswer', true, false, true],
  ['PermanentRedirect', false, false, false],
  ['NoSuchBucket', false, false, false],
  ['SignatureDoesNotMatch', false, false, false],
  ['ExpiredToken', false, false, true],
  ['TokenRefreshRequired', false, false, true],
])('%s: only a lack of permission asks for one, and only what may pass may be tried again', (code, passing, asks, retryable) => {
  const error = refused('write', 's3://b/k', new AwsError(code, 'why', passing));
  expect(error).toMatchObject({ message: `cannot write s3://b/k: ${code}: why${asks ? "; the function's role needs s3:PutObject there" : ''}`, retryable });
});

test('an error that S3 has not sent', () => {
  expect(refused('list', 's3://b/k', new Error('boom'))).toMatchObject({ message: 'cannot list s3://b/k: boom', retryable: false });
});
