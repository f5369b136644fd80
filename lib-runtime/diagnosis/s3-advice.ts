import type { Facts } from './facts';
import { statusesIn } from './http-statuses';
import { withoutEcho } from './missing-catalog';
import type { StepConfig } from '../base/config';
import { textsOf } from '../base/remote-urls';
import { DUCKDB, HTTPFS, S3, saysOneOf } from '../base/wording';

const EXPIRED = [S3.expiredToken, S3.tokenRefreshRequired];
const WRONG_KEY = [S3.signatureDoesNotMatch, S3.invalidAccessKeyId];
const DENIED = [S3.accessDenied, HTTPFS.forbidden];
const MISSING = [S3.noSuchKey, S3.noSuchBucket];
const READ_ONLY = [DUCKDB.readOnlyFileSystem, DUCKDB.permissionDenied];
const S3_URLS = /\bs3[an]?:\/\/[^\s'"|)]*/gi;
const WRITES = /^\s*(?:COPY|EXPORT)\b/i;
/** `OVERWRITE_OR_IGNORE` does not delete anything. */
const OVERWRITES = /^\s*COPY\b[\s\S]*\bOVERWRITE\b/i;
const SCHEME = /^\w{2,}:\/{0,2}/;
/** The parts of a URL that are not parts of a key. */
const DOTS = /\/\.{1,2}(?:\/|$)/;
const GLOB = /[*?[]/;

interface S3Scope {
  readonly step: string;
  readonly scope: string;
}

/** The likely cause if a file, on S3 or elsewhere, could not be read or written; undefined if none is known. */
export function fileHint(error: string, sql: string, facts: Facts): string | undefined {
  const said = withoutEcho(error);
  if (saysOneOf(EXPIRED, said)) return `the AWS credentials have expired${facts.isInLambda ? ON_LAMBDA : ON_A_LAPTOP}`;
  if (HTTPFS.queryParameters.test(said)) {
    return 'DuckDB reads the text after a ? in an s3:// URL as settings of the request, also in a glob; if it is part of the key, ' +
      'SET s3_url_compatibility_mode = true reads the URL literally, without globs';
  }
  const pattern = DUCKDB.noFilesFound.exec(said)?.[1];
  const path = pattern ?? DUCKDB.cannotOpenFile.exec(said)?.[1];
  const [scheme] = path === undefined ? [] : SCHEME.exec(path) ?? [];
  if (path !== undefined && scheme === undefined) return localHint(said, pattern);
  if (scheme !== undefined && scheme !== scheme.toLowerCase()) return `DuckDB knows only schemes in lower case, and reads others as local paths: write ${scheme.toLowerCase()}`;
  const url = s3Url(said, sql, facts);
  const status = statusesIn(said)[0];
  const isDenied = status === 403 || status === 401 || saysOneOf([...DENIED, ...WRONG_KEY], said);
  const isMissing = status === 404 || path !== undefined || saysOneOf(MISSING, said);
  if (url !== undefined && DOTS.test(url) && (isDenied || isMissing)) {
    return 'HTTP clients resolve "." and ".." in a URL as folders, so DuckDB requests another key than it has signed: ' +
      'an object with such a part in its key cannot be reached: copy it to another key';
  }
  if (url !== undefined && (isDenied || status === 301 || status === 400)) {
    const outside = outsideHint(url, facts);
    if (outside !== undefined) return outside;
  }
  if (status === 301 && url !== undefined) return regionHint(url, facts);
  if (isMissing) return missingHint(said, sql, url, pattern);
  if (status === 0) return 'the server refused the request, and DuckDB does not report the status: request the URL with curl --head';
  return isDenied && url !== undefined ? deniedHint(said, sql, url, facts) : undefined;
}

const ON_LAMBDA = '; the function gets new ones with its next execution environment';
const ON_A_LAPTOP = ': sign in again, for example with aws sso login, or set new ones; AWS_ACCESS_KEY_ID and its companions take precedence over any profile';

function localHint(said: string, pattern: string | undefined): string {
  if (saysOneOf(READ_ONLY, said)) return 'that is a path of the local file system, and Lambda can write only to /tmp';
  return `that is a path of the local file system, and a relative path begins at ${process.cwd()}; a path on S3 begins with s3://${globHint(pattern)}`;
}

function missingHint(said: string, sql: string, url: string | undefined, pattern: string | undefined): string {
  if (url === undefined) return `nothing exists there: check the URL${globHint(pattern)}`;
  if (S3.noSuchBucket.test(said)) return 'the bucket does not exist: check its name and region';
  if (OVERWRITES.test(sql)) {
    return 'COPY with OVERWRITE deletes the contents of its directory before it reads: files that it was to read from there are lost, so write to another prefix; ' +
      'for files elsewhere, check bucket, key and region';
  }
  return `nothing exists there: check bucket, key and region (S3 answers 403 instead if s3:ListBucket is not granted)${globHint(pattern)}`;
}

/** A file's name may be read as a pattern. */
function globHint(pattern: string | undefined): string {
  if (pattern === undefined || !GLOB.test(pattern)) return '';
  return '; * ? and [ ] are a glob there: if they are part of the name, write [*], [?] and [[]';
}

function regionHint(url: string, facts: Facts): string {
  const isDeclared = scopesOf(url, facts).length > 0;
  if (isDeclared) return "the bucket is in another region: give it as the S3Step's region";
  return facts.isConfigured
    ? `the bucket is in another region: declare it in an S3Step with its region, or CREATE SECRET (TYPE s3, SCOPE 's3://${bucketOf(url)}/', REGION '...')`
    : "the bucket is in another region: set AWS_REGION to it, or the profile's region, before the process starts";
}

function deniedHint(said: string, sql: string, url: string, facts: Facts): string {
  const right = WRITES.test(sql) ? 's3:PutObject' : 's3:GetObject and s3:ListBucket';
  if (saysOneOf(WRONG_KEY, said)) return 'S3 does not know the AWS credentials, or they are incomplete: check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN';
  if (!facts.isConfigured) {
    return `without a stack's configuration DuckDB signs with the AWS credentials of the environment: they need ${right} on the bucket; in a function an S3Step grants it`;
  }
  const covering = coveringScope(url, facts);
  const lake = covering === undefined ? coveringLake(url, facts) : undefined;
  if (lake !== undefined) return lakeHint(said, lake);
  if (covering === undefined) return `S3 refused: declare the bucket "${bucketOf(url)}" in an S3Step of the function's bootstrap, which grants ${right}`;
  if (facts.allowed !== undefined && !facts.allowed.includes(covering.step)) {
    return `the S3Step "${covering.step}" gives access to it, but this cursor's bootstrap leaves that step out`;
  }
  const writing = WRITES.test(sql) ? 'the S3Step may only read (permissions: S3Permissions.READ_WRITE), ' : '';
  return `S3 refused, though the S3Step "${covering.step}" declares the bucket: ${writing}the key may be wrong (without s3:ListBucket, S3 answers 403 for a missing key), ` +
    "encrypted with a KMS key that is not in encryptionKeys, or the bucket's own policy refuses the function's role";
}

function lakeHint(said: string, { name, config }: StepConfig): string {
  const access = config.access ?? 'READ';
  const isWriting = HTTPFS.uploading.test(said);
  if (isWriting && access !== 'WRITE') return `S3 refused to store a file, which the DuckLakeStep "${name}" may not do with LakeAccess.${String(access)}: use LakeAccess.WRITE`;
  return `S3 refused, though the DuckLakeStep "${name}" grants ${isWriting ? 's3:PutObject' : 's3:GetObject and s3:ListBucket'} there: ` +
    "the data may be encrypted with a KMS key that is not in encryptionKeys, or the bucket's own policy refuses the function's role";
}

function coveringLake(url: string, { steps }: Facts): StepConfig | undefined {
  return steps.find(({ type, config }) => type === 'ducklake' && typeof config.dataPath === 'string' && url.startsWith(config.dataPath));
}

/** Outside the prefixes, requests are not signed. So S3 refuses them, or AWS answers that the bucket is elsewhere. */
function outsideHint(url: string, facts: Facts): string | undefined {
  const ofBucket = scopesOf(url, facts);
  if (ofBucket.length === 0 || coveringScope(url, facts) !== undefined) return undefined;
  return `S3 refused: "${url}" is not under any of the declared prefixes, which are ${ofBucket.map(({ scope }) => `"${scope}"`).join(', ')}, ` +
    "and is asked for without credentials: add its own to the S3Step's prefixes";
}

function coveringScope(url: string, facts: Facts): S3Scope | undefined {
  return scopesOf(url, facts).find(({ scope }) => url.startsWith(scope) || scope.startsWith(`${url}/`));
}

/** The declared scopes in the bucket of `url`. */
function scopesOf(url: string, facts: Facts): readonly S3Scope[] {
  const bucket = bucketOf(url);
  return scopes(facts).filter(({ scope }) => scope.startsWith(`s3://${bucket}/`) || scope === `s3://${bucket}`);
}

function bucketOf(url: string): string {
  return url.split('/', 3)[2]!;
}

function scopes({ steps }: Facts): S3Scope[] {
  return steps.filter(({ type }) => type === 's3').flatMap(({ name, config }) => (
    Array.isArray(config.scopes) ? config.scopes.map((scope) => ({ step: name, scope: String(scope) })) : []
  ));
}

/** The requested URL, from the error, the statement, or a parameter. */
function s3Url(said: string, sql: string, { parameters }: Facts): string | undefined {
  // After a URL, DuckDB writes a colon and the cause.
  const texts = [said.replaceAll(': ', ' '), ...textsOf(sql, parameters)];
  const urls = texts.flatMap((text) => text.match(S3_URLS) ?? []);
  return urls[0]?.replace(/^s3[an]?:/i, 's3:');
}
