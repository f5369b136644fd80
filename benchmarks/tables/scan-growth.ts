import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { startS3 } from '../../test/bed';
import { madeOnce } from '../../test/bed/process/made-once';
import { startContainer } from '../harness/container';
import { interleaved } from '../harness/interleaved';
import { describeMachine } from '../harness/machine';
import { BUCKET, buildQueryFunction, contenders, OURS, RAW, type Contender } from '../harness/query-contest';
import type { Benchmark, Row } from '../report/table';

const MEMORY_MB = 1769;

/** Data sets of the same kind of rows, by the number of rows and of folders with one file each. */
const DATA_SETS = {
  'rows-1': { millions: 1, partitions: 1 },
  'rows-4': { millions: 4, partitions: 1 },
  'rows-16': { millions: 16, partitions: 1 },
  'partitions-16': { millions: 4, partitions: 16 },
  'partitions-256': { millions: 4, partitions: 256 },
};

const CONDITIONS: Readonly<Record<string, { readonly data: keyof typeof DATA_SETS; readonly where?: string }>> = {
  '1 million rows, 1 file': { data: 'rows-1' },
  '4 million rows, 1 file': { data: 'rows-4' },
  '16 million rows, 1 file': { data: 'rows-16' },
  '4 million rows, 16 files': { data: 'partitions-16' },
  '4 million rows, 256 files': { data: 'partitions-256' },
  '4 million rows, one of 16 partitions': { data: 'partitions-16', where: 'part = 3' },
  '4 million rows, one of 256 partitions': { data: 'partitions-256', where: 'part = 3' },
};

export const scanGrowth: Benchmark = {
  name: 'scan-growth',
  summary: 'how an aggregation over Parquet in S3 grows with rows, files and partitions, beside the raw client',
  runs: 5,
  measure: async (runs, progress) => {
    progress('building the image');
    const fn = await buildQueryFunction();
    progress('writing the files');
    const data = await dataSets();
    const s3 = await startS3();
    cpSync(data, join(s3.dir, BUCKET), { recursive: true });
    const container = await startContainer({ image: fn.image, memoryMb: MEMORY_MB, env: fn.environment, tmpOnDisk: true });
    try {
      const each = await contenders(container, s3);
      const rows: Row[] = [];
      for (const condition of Object.keys(CONDITIONS)) {
        progress(condition);
        const milliseconds = (contender: Contender) => () => timeOf(contender, condition);
        rows.push({ condition, measured: await interleaved({ [OURS]: milliseconds(each[OURS]), [RAW]: milliseconds(each[RAW]) }, runs) });
      }
      return {
        title: 'count, sum and the number of customers over Parquet in S3, by one vCPU',
        conditions: 'what is read',
        unit: 'ms',
        contenders: [OURS, RAW],
        ratios: [{ of: OURS, to: RAW }],
        rows,
        notes: [`In a container of ${MEMORY_MB} MB, each query in a separate process, from the query to its rows.`],
        machine: await describeMachine(container),
      };
    } finally {
      await container.stop();
      await s3.stop();
    }
  },
};

async function timeOf(contender: Contender, condition: string): Promise<number> {
  const { data, where } = CONDITIONS[condition];
  const sql = `SELECT count(*) AS rows, sum(amount) AS amount, count(DISTINCT customer) AS customers
    FROM read_parquet('s3://${BUCKET}/${data}/*/*.parquet', hive_partitioning = true) ${where ? `WHERE ${where}` : ''}`;
  const outcome = await contender({ setup: 'SELECT 1', sql });
  if ('failure' in outcome) throw new Error(`${condition}: ${outcome.failure}`);
  return outcome.milliseconds;
}

/** A folder for each data set. Each value is a hash of the row's number, so the bytes are the same everywhere. Created once and kept. */
function dataSets(): Promise<string> {
  return madeOnce('scan-growth', [JSON.stringify(DATA_SETS)], async (directory) => {
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    // One file per partition, whatever the number of cores.
    await connection.run('SET threads = 1');
    for (const [name, { millions, partitions }] of Object.entries(DATA_SETS)) {
      const rows = `SELECT i AS id, hash(i, 1) % 1000 AS customer, (hash(i, 2) % 10000)::DECIMAL(10, 2) AS amount, i % ${partitions} AS part FROM range(${millions}000000) t(i)`;
      await connection.run(`COPY (${rows}) TO '${join(directory, name)}' (FORMAT parquet, PARTITION_BY (part), COMPRESSION zstd)`);
    }
    connection.closeSync();
    instance.closeSync();
  });
}
