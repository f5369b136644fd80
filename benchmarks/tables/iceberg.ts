import { setTimeout as sleep } from 'node:timers/promises';
import { type IcebergBed, startIcebergBed, WRITE } from '../../test/lib-runtime/bootstrap/iceberg-bed';
import { BY_HAND, inLake, type Lake, lakeRows, OURS, part } from '../harness/lake';
import { describeThisProcess } from '../harness/machine';
import type { Benchmark } from '../report/table';

const FILES = 4;

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
      const lake: Lake = {
        name: 'iceberg',
        env: { ...await bed.environment([bed.step(WRITE)]), AWS_ENDPOINT_URL_S3: bed.s3.endpoint },
        byHand: byHand(bed),
        tables: { read: 'iceberg.db.orders', append: 'iceberg.db.log' },
        setDelay: async (delay) => {
          await bed.s3.setDelay(delay);
          bed.catalog.fault = async () => sleep(delay).then(() => undefined);
        },
      };
      await inLake(lake, 'CREATE SCHEMA iceberg.db').catch(() => undefined);
      await inLake(lake, `CREATE TABLE iceberg.db.log AS SELECT 0 AS i; CREATE TABLE iceberg.db.orders AS ${part(0)}`);
      for (let file = 1; file < FILES; file++) await inLake(lake, `INSERT INTO iceberg.db.orders ${part(file)}`);
      return {
        title: 'An Iceberg REST catalog in a fresh process, by the milliseconds before each answer of the catalog and of S3',
        conditions: 'delay, step',
        unit: 'ms',
        contenders: [OURS, BY_HAND],
        ratios: [{ of: OURS, to: BY_HAND }],
        rows: await lakeRows(lake, runs, progress),
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

function byHand({ s3, rest, catalog }: IcebergBed): Lake['byHand'] {
  return {
    extensions: ['httpfs', 'avro', 'iceberg'],
    secret: `CREATE SECRET (TYPE s3, KEY_ID '${s3.accessKeyId}', SECRET '${s3.secretAccessKey}', REGION '${s3.region}', ENDPOINT '${new URL(s3.endpoint).host}',
      URL_STYLE 'path', USE_SSL false, SCOPE 's3://${rest.bucket}/')`,
    attach: `ATTACH '' AS iceberg (TYPE iceberg, ENDPOINT '${catalog.endpoint}', AUTHORIZATION_TYPE 'none', ACCESS_DELEGATION_MODE 'none')`,
  };
}
