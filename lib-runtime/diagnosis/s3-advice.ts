import type { Facts } from './facts';
import { withoutEcho } from './missing-catalog';

/** In each of DuckDB's forms. */
const STATUS = /\bHTTP (?:code )?(\d{1,3})\b/;
const EXPIRED = /ExpiredToken|TokenRefreshRequired/;
const WRONG_KEY = /SignatureDoesNotMatch|InvalidAccessKeyId/;
const DENIED = /AccessDenied|Forbidden/;
const NOT_THERE = /No files found that match the pattern "([^"]*)|Cannot open file "([^"]*)/;
const QUERY_PARAMETERS = /Invalid query parameters found/;
const S3_URLS = /\bs3[an]?:\/\/[^\s'"|)]*/gi;
const WRITES = /^\s*(?:COPY|EXPORT)\b/i;
/** `OVERWRITE_OR_IGNORE` deletes nothing. */
const OVERWRITES = /^\s*COPY\b[\s\S]*\bOVERWRITE\b/i;
const SCHEME = /^\w{2,}:/;

interface S3Scope {
  readonly step: string;
  readonly scope: string;
}

/** What may be wrong where a file, on S3 or elsewhere, could not be read or written; undefined where nothing is known. */
export function fileHint(error: string, sql: string, facts: Facts): string | undefined {
  const said = withoutEcho(error);
  if (EXPIRED.test(said)) return 'the AWS credentials have expired; the function gets new ones with its next execution environment';
  if (QUERY_PARAMETERS.test(said)) {
    return 'DuckDB takes what follows a ? in an s3:// URL for settings of the request, also in a glob; where it is a part of the key, ' +
      'SET s3_url_compatibility_mode = true reads the URL as it stands, without globs';
  }
  const [, pattern, file] = NOT_THERE.exec(said) ?? [];
  const path = pattern ?? file;
  if (path !== undefined && !SCHEME.test(path)) return localHint(said);
  const url = s3Url(said, sql, facts);
  const status = Number(STATUS.exec(said)?.[1] ?? NaN);
  if (status === 301 && url !== undefined) return "the bucket is in another region: give it as the S3Step's region";
  if (status === 404 || path !== undefined || /NoSuchKey|NoSuchBucket/.test(said)) return missingHint(said, url, sql);
  if (status === 0) return 'the server refused the request, and DuckDB does not tell with which status: ask for the URL by curl --head';
  const isDenied = status === 403 || status === 401 || DENIED.test(said) || WRONG_KEY.test(said);
  return isDenied && url !== undefined ? deniedHint(said, sql, url, facts) : undefined;
}

function localHint(said: string): string {
  return /Read-only file system|Permission denied/.test(said)
    ? 'that is a path of the local file system, and in Lambda nothing but /tmp can be written'
    : `that is a path of the local file system, where a relative one begins at ${process.cwd()}; on S3 it would begin with s3://`;
}

function missingHint(said: string, url: string | undefined, sql: string): string {
  if (url === undefined) return 'nothing is there: check the URL';
  if (said.includes('NoSuchBucket')) return 'there is no such bucket: check its name and region';
  if (OVERWRITES.test(sql)) {
    return 'COPY with OVERWRITE deletes what its directory holds before it reads: what it was to read from there is lost, so write to another prefix; ' +
      'of what lies elsewhere, check bucket, key and region';
  }
  return 'nothing is there: check bucket, key and region (S3 answers 403 instead where s3:ListBucket is not granted)';
}

function deniedHint(said: string, sql: string, url: string, facts: Facts): string {
  const right = WRITES.test(sql) ? 's3:PutObject' : 's3:GetObject and s3:ListBucket';
  if (WRONG_KEY.test(said)) return 'S3 does not know the AWS credentials, or they are not whole: check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN';
  if (!facts.isConfigured) {
    return `without a stack's configuration DuckDB signs with the AWS credentials of the environment: they need ${right} on the bucket; in a function an S3Step grants it`;
  }
  const bucket = url.split('/', 3)[2]!;
  const ofBucket = scopes(facts).filter(({ scope }) => scope.startsWith(`s3://${bucket}/`) || scope === `s3://${bucket}`);
  if (ofBucket.length === 0) return `S3 refused: declare the bucket "${bucket}" in an S3Step of the function's bootstrap, which grants ${right}`;
  const covering = ofBucket.find(({ scope }) => url.startsWith(scope) || scope.startsWith(`${url}/`));
  if (covering === undefined) {
    return `S3 refused: "${url}" is under none of the declared prefixes, which are ${ofBucket.map(({ scope }) => `"${scope}"`).join(', ')}: ` +
      "add its own to the S3Step's prefixes";
  }
  if (facts.allowed !== undefined && !facts.allowed.includes(covering.step)) {
    return `the S3Step "${covering.step}" gives access to it, and this cursor's bootstrap leaves that step out`;
  }
  const writing = WRITES.test(sql) ? 'the S3Step may read only (permissions: S3Permissions.READ_WRITE), ' : '';
  return `S3 refused, though the S3Step "${covering.step}" declares the bucket: ${writing}the key may be wrong (without s3:ListBucket S3 answers 403 for what is not there), ` +
    "encrypted by a KMS key that encryptionKeys does not give, or the bucket's own policy refuses the function's role";
}

function scopes({ steps }: Facts): S3Scope[] {
  return steps.filter(({ type }) => type === 's3').flatMap(({ name, config }) => (
    Array.isArray(config.scopes) ? config.scopes.map((scope) => ({ step: name, scope: String(scope) })) : []
  ));
}

/** The URL that was asked for: as the error has it, or the statement, or a parameter. */
function s3Url(said: string, sql: string, { parameters }: Facts): string | undefined {
  const texts = [said, sql, ...Object.values(parameters ?? {}).filter((value): value is string => typeof value === 'string')];
  const urls = texts.flatMap((text) => text.match(S3_URLS) ?? []);
  return urls[0]?.replace(/^s3[an]?:/i, 's3:');
}
