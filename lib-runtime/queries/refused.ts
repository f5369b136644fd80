import { AwsError } from '../aws/aws-request';
import { messageOf, QueryError } from '../base/errors';

const PERMISSIONS = { list: 's3:ListBucket', read: 's3:GetObject', write: 's3:PutObject' };

/** The error for a request about a result that S3 has refused or not answered. */
export function refused(verb: keyof typeof PERMISSIONS, url: string, cause: unknown): QueryError {
  return new QueryError(`cannot ${verb} ${url}: ${messageOf(cause)}; the function's role needs ${PERMISSIONS[verb]} there`, {
    cause, retryable: cause instanceof AwsError && cause.passing,
  });
}
