import { CONTAINER_HOST, type S3Server } from '../../test/bed';

/** The environment with which a process in a container reaches the S3 server. */
export function s3Access(s3: S3Server): Record<string, string> {
  return {
    AWS_REGION: s3.region,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    AWS_ENDPOINT_URL_S3: `http://${CONTAINER_HOST}:${s3.port}`,
  };
}
