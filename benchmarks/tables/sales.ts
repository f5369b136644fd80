import { deepStrictEqual } from 'node:assert';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeOrders } from '../../examples/sales/orders';
import { SalesStack } from '../../examples/sales/stack';
import { startS3, type S3Server } from '../../test/bed';
import { program, type BenchContainer, type Program } from '../harness/container';
import { buildFunction } from '../harness/image';
import { interleaved } from '../harness/interleaved';
import { atEachSize } from '../harness/memory-sizes';
import { dropPageCache, whyNoColdCache } from '../harness/page-cache';
import { s3Access } from '../harness/s3-access';
import type { Benchmark, Row } from '../report/table';

const BUCKET = 'my-data-lake';
const HAND_WRITTEN = 'hand-written';
const OURS = 'this library';

const handWritten: Program = { module: program('hand-written-sales') };

export const sales: Benchmark = {
  name: 'sales',
  summary: 'the handler of examples/sales against the same SQL hand-written on the raw client, cold and warm',
  runs: 9,
  measure: async (runs, progress) => {
    progress('building the image');
    const fn = await buildFunction('sales', (app, image) => new SalesStack(app, 'Sales', { lake: BUCKET, image }));
    progress('writing three million orders to an S3 server');
    const s3 = await startS3();
    try {
      await writeOrders(join(s3.dir, BUCKET));
      const { rows, machine } = await atEachSize({ image: fn.image, env: { ...fn.environment, ...s3Access(s3) } }, async (container, size) => {
        await expectSameAnswers(container, fn);
        const measured: Row[] = [];
        for (const [state, once] of Object.entries(states(container, s3))) {
          progress(`${size}, ${state}`);
          const compared = await interleaved({ [HAND_WRITTEN]: () => once(handWritten), [OURS]: () => once(fn) }, runs);
          measured.push({ condition: `${size}, ${state}`, measured: compared });
        }
        return measured;
      });
      const noColdCache = whyNoColdCache();
      return {
        title: 'The best-selling category of each month, from three million orders as Parquet in S3',
        conditions: 'CPU, state',
        unit: 'ms',
        contenders: [HAND_WRITTEN, OURS],
        ratios: [{ of: OURS, to: HAND_WRITTEN }],
        rows,
        notes: noColdCache ? [`No cold page cache: ${noColdCache}.`] : [],
        machine,
      };
    } finally {
      await s3.stop();
    }
  },
};

/** The measurement of each state. */
function states(container: BenchContainer, s3: S3Server): Record<string, (contender: Program) => Promise<number>> {
  const cold = async ({ module }: Program) => (await container.cold({ module })).milliseconds;
  return {
    'cold start': cold,
    ...whyNoColdCache() === undefined && {
      'cold start, cold page cache': async (contender: Program) => {
        await dropPageCache(lakeFiles(s3));
        return cold(contender);
      },
    },
    'warm call': async ({ module }) => (await container.warm({ module })).milliseconds,
  };
}

/** The lake stays in the page cache, because it would not be on Lambda's disk. */
function lakeFiles(s3: S3Server): string[] {
  return readdirSync(s3.dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.parquet')).map((name) => join(s3.dir, name));
}

/** Checks that all contenders return the same rows, and so do the same work. */
async function expectSameAnswers(container: BenchContainer, { module }: Program): Promise<void> {
  const byHand = (await container.cold(handWritten)).answer;
  const ours = (await container.cold({ module })).answer;
  deepStrictEqual(asText(ours), asText(byHand));
}

/** The client's JSON form writes integers as text. */
function asText(rows: Record<string, unknown>[]): Record<string, string>[] {
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, `${value}`])));
}
