import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { repositoryRoot } from '../../test/bed';
import { type IcebergBed, startIcebergBed, WRITE } from '../../test/lib-runtime/bootstrap/iceberg-bed';
import { extensionFile } from '../../test/lib-runtime/signed-extensions';
import { interleaved } from '../harness/interleaved';
import { describeThisProcess } from '../harness/machine';
import type { Benchmark, Row } from '../report/table';

const run = promisify(execFile);
const OURS = 'this library';
const BY_HAND = 'DuckDB by hand';
const DELAYS_MS = [1, 25];
const STEPS = { open: 'open DuckDB, LOAD', attach: 'ATTACH', first: 'first read', repeat: 'repeat', append: 'append a row' } as const;
const FILES = 4;

type Taken = Readonly<Record<keyof typeof STEPS, number>>;

export const iceberg: Benchmark = {
  name: 'iceberg',
  summary: 'an Iceberg REST catalog in a fresh process: LOAD, ATTACH, reads and an append, near and far',
  runs: 9,
  withoutDocker: true,
  optional: true,
  measure: async (runs, progress) => {
    const bed = await startIcebergBed();
    try {
      progress('writing the table');
      const env: NodeJS.ProcessEnv = { ...process.env, ...await bed.environment([bed.step(WRITE)]), AWS_ENDPOINT_URL_S3: bed.s3.endpoint };
      const byHand = JSON.stringify(handSteps(bed, env.DUCKDB_EXTENSIONS_DIR!));
      const once = (contender: string, read: string, append: string) => async (): Promise<Taken> => {
        const program = join(repositoryRoot, 'benchmarks/process/iceberg.mjs');
        return JSON.parse((await run(process.execPath, [program, contender, read, append], { env: { ...env, BY_HAND: byHand } })).stdout);
      };
      await once('library', 'CREATE SCHEMA iceberg.db', 'SELECT 1')().catch(() => undefined);
      await once('library', 'SELECT 1', `CREATE TABLE iceberg.db.log AS SELECT 0 AS i; CREATE TABLE iceberg.db.orders AS ${rows(0)}`)();
      for (let file = 1; file < FILES; file++) await once('library', 'SELECT 1', `INSERT INTO iceberg.db.orders ${rows(file)}`)();
      const measured: Row[] = [];
      for (const delay of DELAYS_MS) {
        progress(`${delay} ms`);
        await bed.s3.setDelay(delay);
        bed.catalog.fault = async () => sleep(delay).then(() => undefined);
        const [read, append] = ['SELECT sum(i) FROM iceberg.db.orders', 'INSERT INTO iceberg.db.log VALUES (1)'];
        const taken = await interleaved({ [OURS]: once('library', read, append), [BY_HAND]: once('hand', read, append) }, runs);
        for (const [step, title] of Object.entries(STEPS)) {
          const series = Object.fromEntries(Object.entries(taken).map(([name, each]) => [name, each.map((one) => one[step as keyof Taken])]));
          measured.push({ condition: `${delay} ms, ${title}`, measured: series });
        }
      }
      return {
        title: 'An Iceberg REST catalog in a fresh process, by the milliseconds before each answer of the catalog and of S3',
        conditions: 'delay, step',
        unit: 'ms',
        contenders: [OURS, BY_HAND],
        ratios: [{ of: OURS, to: BY_HAND }],
        rows: measured,
        notes: [
          `Apache Iceberg's catalog in Java, and a table of ${FILES} files. Each run is a process of its own; the delay is also in the catalog's own requests to S3.`,
          'DuckDB by hand checks the signatures of its extensions, keeps no connections, and repeats commits whose answer was lost.',
        ],
        machine: describeThisProcess(),
        ownPage: true,
      };
    } finally {
      await bed.stop();
    }
  },
};

function rows(file: number): string {
  return `SELECT range + ${file * 100_000} AS i, (hash(range) >> 1)::BIGINT AS noise FROM range(100000)`;
}

function handSteps({ s3, rest, catalog }: IcebergBed, directory: string) {
  return {
    extensions: ['httpfs', 'avro', 'iceberg'].map((name) => extensionFile(directory, name)),
    secret: `CREATE SECRET (TYPE s3, KEY_ID '${s3.accessKeyId}', SECRET '${s3.secretAccessKey}', REGION '${s3.region}', ENDPOINT '${new URL(s3.endpoint).host}',
      URL_STYLE 'path', USE_SSL false, SCOPE 's3://${rest.bucket}/')`,
    attach: `ATTACH '' AS iceberg (TYPE iceberg, ENDPOINT '${catalog.endpoint}', AUTHORIZATION_TYPE 'none', ACCESS_DELEGATION_MODE 'none')`,
  };
}
