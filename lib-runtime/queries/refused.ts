import { AwsError } from '../aws/aws-request';
import { messageOf, QueryError } from '../base/errors';
import { S3, saysOneOf } from '../base/wording';

const PERMISSIONS = { list: 's3:ListBucket', read: 's3:GetObject', write: 's3:PutObject' };
/** The function's next invocation, or attempt, may have new credentials. */
const EXPIRED = [S3.expiredToken, S3.tokenRefreshRequired, S3.requestExpired];

/** The error for a request about a result that S3 has refused or not answered. */
export function refused(verb: keyof typeof PERMISSIONS, url: string, cause: unknown): QueryError {
  const { code = '', passing = false } = cause instanceof AwsError ? cause : {};
  const fix = S3.accessDenied.test(code) ? `; the function's role needs ${PERMISSIONS[verb]} there` : '';
  return new QueryError(`cannot ${verb} ${url}: ${messageOf(cause)}${fix}`, { cause, retryable: passing || saysOneOf(EXPIRED, code) });
}
