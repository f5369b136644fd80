import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Buckets, ListedObject, ObjectHead } from './buckets';
import { S3Error } from './s3-error';
import type { Operation } from './traffic';
import { escaped, textsOf } from './xml';

export interface S3Request {
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

/** Which operation a request asks for; as S3, by its method and by parameters that mark it. */
export function operationOf(method: string, key: string, query: URLSearchParams): Operation {
  const upload = query.has('uploadId');
  switch (method) {
    case 'HEAD': return key === '' ? 'HeadBucket' : 'HeadObject';
    case 'GET': return key !== '' ? 'GetObject' : query.get('list-type') === '2' ? 'ListObjectsV2' : 'Unknown';
    case 'PUT': return key === '' ? 'Unknown' : upload ? 'UploadPart' : 'PutObject';
    case 'POST': return query.has('delete') ? 'DeleteObjects' : query.has('uploads') ? 'CreateMultipartUpload' : upload ? 'CompleteMultipartUpload' : 'Unknown';
    case 'DELETE': return key === '' ? 'Unknown' : upload ? 'AbortMultipartUpload' : 'DeleteObject';
    default: return 'Unknown';
  }
}

/** What the requests of DuckDB and of tools need of S3's API. */
export function operations(buckets: Buckets): Record<Operation, (request: S3Request) => Promise<S3Answer>> {
  return {
    HeadBucket: async () => ({ status: 200 }),

    HeadObject: async ({ bucket, key, headers }) => {
      const head = await buckets.head(bucket, key);
      const status = conditionalStatus(headers, head);
      return { status, headers: { ...headersOf(head), ...status === 200 && { 'content-length': `${head.size}` } } };
    },

    GetObject: async ({ bucket, key, headers }) => {
      const object = await buckets.open(bucket, key);
      try {
        if (conditionalStatus(headers, object) === 304) return { status: 304, headers: headersOf(object) };
        const range = rangeOf(headers.range, object.size);
        if (range === undefined) return { status: 200, headers: headersOf(object), body: await object.read(0, object.size - 1) };
        const [start, end] = range;
        return { status: 206, headers: { ...headersOf(object), 'content-range': `bytes ${start}-${end}/${object.size}` }, body: await object.read(start, end) };
      } finally {
        await object.close();
      }
    },

    ListObjectsV2: async ({ bucket, query }) => {
      await buckets.expectBucket(bucket);
      return xml(listing(bucket, query, await buckets.list(bucket, query.get('prefix') ?? '')));
    },

    PutObject: async ({ bucket, key, body }) => {
      await buckets.expectBucket(bucket);
      return { status: 200, headers: { etag: (await buckets.put(bucket, key, [body])).etag } };
    },

    CreateMultipartUpload: async ({ bucket, key }) => {
      await buckets.expectBucket(bucket);
      return xml(`<InitiateMultipartUploadResult>${location(bucket, key)}<UploadId>${await buckets.createUpload()}</UploadId></InitiateMultipartUploadResult>`);
    },

    UploadPart: async ({ query, body }) => {
      await buckets.putPart(query.get('uploadId')!, Number(query.get('partNumber')), body);
      return { status: 200, headers: { etag: `"${createHash('md5').update(body).digest('hex')}"` } };
    },

    CompleteMultipartUpload: async ({ bucket, key, query, body }) => {
      const parts = textsOf('PartNumber', body.toString()).map(Number);
      const { etag } = await buckets.completeUpload(query.get('uploadId')!, bucket, key, parts);
      return xml(`<CompleteMultipartUploadResult>${location(bucket, key)}<ETag>${escaped(etag)}</ETag></CompleteMultipartUploadResult>`);
    },

    AbortMultipartUpload: async ({ query }) => {
      await buckets.abortUpload(query.get('uploadId')!);
      return { status: 204 };
    },

    DeleteObject: async ({ bucket, key }) => {
      await buckets.delete(bucket, key);
      return { status: 204 };
    },

    DeleteObjects: async ({ bucket, body }) => {
      const keys = textsOf('Key', body.toString());
      for (const key of keys) await buckets.delete(bucket, key);
      return xml(`<DeleteResult>${keys.map((key) => `<Deleted><Key>${escaped(key)}</Key></Deleted>`).join('')}</DeleteResult>`);
    },

    Unknown: async () => {
      throw new S3Error(501, 'NotImplemented', 'A header you provided implies functionality that is not implemented.');
    },
  };
}

function headersOf({ etag, lastModified }: ObjectHead): Record<string, string> {
  return { etag, 'last-modified': lastModified.toUTCString(), 'accept-ranges': 'bytes', 'content-type': 'application/octet-stream' };
}

/** Of the conditions that S3 knows, those on entity tags. */
function conditionalStatus(headers: IncomingHttpHeaders, { etag }: ObjectHead): 200 | 304 {
  const holds = (condition: string) => condition.split(',').some((each) => each.trim() === '*' || each.trim() === etag);
  const { 'if-match': same, 'if-none-match': other } = headers;
  if (same !== undefined && !holds(same)) throw new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
  return other !== undefined && holds(other) ? 304 : 200;
}

/** The first and the last byte that a header asks for; undefined for all. */
function rangeOf(header: string | undefined, size: number): [start: number, end: number] | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || first + last! === '') return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (start > end) throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable');
  return [start, end];
}

const MAX_KEYS = 1000;

/** A page of keys and of common prefixes, together in one order. */
function listing(bucket: string, query: URLSearchParams, objects: readonly ListedObject[]): string {
  const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter') ?? ''];
  const token = query.get('continuation-token');
  const after = token === null ? query.get('start-after') ?? '' : Buffer.from(token, 'base64url').toString();
  const maxKeys = Math.min(MAX_KEYS, Number(query.get('max-keys') ?? MAX_KEYS));
  const entries = new Map<string, ListedObject | undefined>();
  for (const object of objects) {
    const end = delimiter === '' ? -1 : object.key.indexOf(delimiter, prefix.length);
    const name = end < 0 ? object.key : object.key.slice(0, end + delimiter.length);
    if (Buffer.compare(Buffer.from(name), Buffer.from(after)) > 0) entries.set(name, end < 0 ? object : undefined);
  }
  const page = [...entries].slice(0, maxKeys);
  const truncated = page.length < entries.size;
  const name = (text: string) => (query.get('encoding-type') === 'url' ? encodeURIComponent(text).replaceAll('%2F', '/') : escaped(text));
  return [
    '<ListBucketResult>', `<Name>${bucket}</Name><Prefix>${name(prefix)}</Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>${maxKeys}</MaxKeys>`,
    `<IsTruncated>${truncated}</IsTruncated>`,
    ...query.has('encoding-type') ? ['<EncodingType>url</EncodingType>'] : [],
    ...truncated ? [`<NextContinuationToken>${Buffer.from(page.at(-1)![0]).toString('base64url')}</NextContinuationToken>`] : [],
    ...page.map(([key, object]) => (object === undefined
      ? `<CommonPrefixes><Prefix>${name(key)}</Prefix></CommonPrefixes>`
      : `<Contents><Key>${name(key)}</Key><LastModified>${object.lastModified.toISOString()}</LastModified><ETag>${escaped(object.etag)}</ETag>`
        + `<Size>${object.size}</Size><StorageClass>STANDARD</StorageClass></Contents>`)),
    '</ListBucketResult>',
  ].join('');
}

function location(bucket: string, key: string): string {
  return `<Bucket>${bucket}</Bucket><Key>${escaped(key)}</Key>`;
}

function xml(body: string): S3Answer {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}` };
}
