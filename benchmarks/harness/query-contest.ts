import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { program, type BenchContainer } from './container';
import { buildFunction, type BuiltFunction } from './image';
import { s3Access } from './s3-access';
import { repositoryRoot, type S3Server } from '../../test/bed';
import { DuckDbFunction, S3Step } from 'cdk-duckdb-lambda';

export const OURS = 'this library';
export const RAW = 'raw client';
export const BUCKET = 'my-data-lake';

/** The outcome of a query in a new process, or why it failed. */
export interface Outcome {
  readonly milliseconds: number;
  readonly rows: number;
  /** A digest of the rows, in any order. */
  readonly digest: string;
  /** The rows as text, if they were requested. */
  readonly lines?: readonly string[];
  readonly peakMiB: number;
  readonly spilledMiB: number;
}

export interface Failure {
  readonly failure: string;
}

export interface Query {
  /** What it needs before. */
  readonly setup: string;
  readonly sql: string;
  readonly withRows?: boolean;
}

/** Runs a query in a new process, with this library or on the raw client, with the same settings and the same extension. */
export type Contender = (query: Query) => Promise<Outcome | Failure>;

/** A function that may read the bucket. */
export function buildQueryFunction(): Promise<BuiltFunction> {
  return buildFunction('queries', (app, image) => {
    const stack = new Stack(app, 'Queries');
    new DuckDbFunction(stack, 'Function', {
      ...image,
      entry: join(repositoryRoot, 'examples', 'sales', 'sales.ts'),
      bootstrap: [new S3Step({ buckets: [Bucket.fromBucketName(stack, 'Lake', BUCKET)] })],
    });
  });
}

export async function contenders(container: BenchContainer, s3: S3Server): Promise<Record<typeof OURS | typeof RAW, Contender>> {
  const env = s3Access(s3);
  const settings = await container.cold({ module: program('query-settings'), env });
  const run = (module: string): Contender => async ({ setup, sql, withRows }) => {
    const own = { ...env, SETTINGS: JSON.stringify(settings.answer), SETUP: setup, QUERY: sql, WITH_ROWS: withRows ? '1' : '' };
    return container.cold({ module, env: own }).then(({ answer }) => answer, (error) => ({ failure: ended(error) }));
  };
  return { [OURS]: run(program('query')), [RAW]: run(program('query-raw')) };
}

/** The kernel silently ends a process that needs more memory than the container has. A process that prints an error has failed. */
function ended({ message }: Error): string {
  const [line, said] = message.split('\n');
  if (!/ended without an answer/.test(line) || said) throw new Error(message);
  return 'its process was killed, for lack of memory or after a minute';
}
