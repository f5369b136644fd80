import { deepStrictEqual } from 'node:assert';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { writeOrders } from '../../examples/sales/orders';
import { repositoryRoot, startS3 } from '../../test/bed';
import { SHAPES } from '../../test/lib-runtime/queries/http/events';
import { program, type Program } from '../harness/container';
import { buildFunction } from '../harness/image';
import { interleaved } from '../harness/interleaved';
import { atEachSize } from '../harness/memory-sizes';
import { s3Access } from '../harness/s3-access';
import type { Benchmark, Row } from '../report/table';
import { DuckDbQueryFunction, S3Step } from 'cdk-duckdb-lambda';

const BUCKET = 'my-data-lake';
const HAND_WRITTEN = 'hand-written handler';
const OURS = 'query function';
const OVER_HTTP = 'query function, over HTTP';
const EVENT = JSON.stringify({ query: 'best-category', params: { first: '2025-03' } });
const REQUEST = JSON.stringify(SHAPES.functionUrl({ path: '/best-category', query: 'first=2025-03' }));

export const queryFunction: Benchmark = {
  name: 'query-function',
  summary: 'a query function against a handler with the same SQL that is written by hand with this library, cold and warm; and the same over HTTP',
  runs: 15,
  measure: async (runs, progress) => {
    progress('building the image');
    const fn = await buildFunction('query-function', (app, image) => {
      const stack = new Stack(app, 'Stack');
      new DuckDbQueryFunction(stack, 'Sales', {
        ...image,
        queries: join(repositoryRoot, 'benchmarks', 'queries'),
        bootstrap: [new S3Step({ buckets: [Bucket.fromBucketName(stack, 'Lake', BUCKET)], prefixes: ['orders/'] })],
      });
    });
    progress('writing three million orders to an S3 server');
    const s3 = await startS3();
    try {
      await writeOrders(join(s3.dir, BUCKET));
      const handWritten: Program = { module: program('hand-written-query') };
      const overHttp: Program = { module: fn.module, env: { EVENT: REQUEST } };
      const { rows, machine } = await atEachSize({ image: fn.image, env: { ...fn.environment, ...s3Access(s3), EVENT } }, async (container, size) => {
        const { answer } = await container.cold(fn);
        deepStrictEqual((await container.cold(handWritten)).answer, answer);
        deepStrictEqual(JSON.parse((await container.cold(overHttp)).answer.body), answer);
        const measured: Row[] = [];
        for (const [state, start] of [['cold start', 'cold'], ['warm call', 'warm']] as const) {
          progress(`${size}, ${state}`);
          const once = async (contender: Program) => (await container[start](contender)).milliseconds;
          const contenders = { [HAND_WRITTEN]: () => once(handWritten), [OURS]: () => once(fn), [OVER_HTTP]: () => once(overHttp) };
          const compared = await interleaved(contenders, runs);
          measured.push({ condition: `${size}, ${state}`, measured: compared });
        }
        return measured;
      });
      return {
        title: 'A query function and a handler with the same SQL over Parquet in S3',
        conditions: 'CPU, state',
        unit: 'ms',
        contenders: [HAND_WRITTEN, OURS, OVER_HTTP],
        ratios: [{ of: OURS, to: HAND_WRITTEN }, { of: OVER_HTTP, to: OURS }],
        rows,
        notes: [
          'All use this library\'s runtime. The handler checks its one parameter and the size of its answer by hand.',
          'Over HTTP, the same function gets the event of a function URL in place of a direct one, and loads what answers HTTP for it.',
        ],
        machine,
      };
    } finally {
      await s3.stop();
    }
  },
};
