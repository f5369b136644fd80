import { setTimeout as sleep } from 'node:timers/promises';
import { type IcebergBed, startIcebergBed, WRITE } from '../../test/lib-runtime/bootstrap/iceberg/iceberg-bed';
import { FILES, inLake, type Lake, lakeTable, s3Secret } from '../harness/lake';
import type { Benchmark } from '../report/table';

export const iceberg: Benchmark = {
  name: 'iceberg',
  summary: 'an Iceberg REST catalog in a fresh process: LOAD, ATTACH, reads and an append, near and far',
  runs: 9,
  withoutDocker: true,
  optional: true,
  measure: async (runs, progress) => {
    const bed = await startIcebergBed();
    try {
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
      return await lakeTable(lake, {
        title: 'An Iceberg REST catalog in a fresh process, by the milliseconds before each answer of the catalog and of S3',
        notes: [
          `Apache Iceberg's catalog in Java, and a table of ${FILES} files. Each run is a process of its own; the delay is also in the catalog's own requests to S3.`,
          'DuckDB by hand checks the signatures of its extensions, keeps no connections, and repeats commits whose answer was lost.',
        ],
      }, runs, progress);
    } finally {
      await bed.stop();
    }
  },
};

function byHand({ s3, rest, catalog }: IcebergBed): Lake['byHand'] {
  return {
    extensions: ['httpfs', 'avro', 'iceberg'],
    secret: s3Secret(s3, rest.bucket),
    attach: `ATTACH '' AS iceberg (TYPE iceberg, ENDPOINT '${catalog.endpoint}', AUTHORIZATION_TYPE 'none', ACCESS_DELEGATION_MODE 'none')`,
  };
}
