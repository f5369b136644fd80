import { type DuckLakeBed, LAKE_EXTENSIONS, startDuckLakeBed, WRITER_PASSWORD } from '../../test/lib-runtime/bootstrap/ducklake-bed';
import { type PostgresFront, postgresFrontOf } from '../../test/lib-runtime/postgres-front';
import { BY_HAND, inLake, type Lake, lakeRows, OURS, part } from '../harness/lake';
import { describeThisProcess } from '../harness/machine';
import type { Benchmark } from '../report/table';

const FILES = 4;

export const ducklake: Benchmark = {
  name: 'ducklake',
  summary: 'a DuckLake in PostgreSQL in a fresh process: LOAD, ATTACH, reads and an append, near and far',
  runs: 9,
  withoutDocker: true,
  optional: true,
  measure: async (runs, progress) => {
    const bed = await startDuckLakeBed({ tls: false });
    const front = await postgresFrontOf(bed.postgres.postgres.port);
    try {
      progress('writing the table');
      const lake: Lake = {
        name: 'lake',
        env: await bed.environment([bed.writer({ port: front.port })]),
        byHand: byHand(bed, front),
        tables: { read: 'lake.orders', append: 'lake.log' },
        setDelay: async (delay) => {
          await bed.s3.setDelay(delay);
          front.delayMs = delay;
        },
      };
      await inLake(lake, `CREATE TABLE lake.log AS SELECT 0 AS i; CREATE TABLE lake.orders AS ${part(0)}`);
      for (let file = 1; file < FILES; file++) await inLake(lake, `INSERT INTO lake.orders ${part(file)}`);
      return {
        title: 'A DuckLake in a fresh process, by the milliseconds before each answer of PostgreSQL and of S3',
        conditions: 'delay, step',
        unit: 'ms',
        contenders: [OURS, BY_HAND],
        ratios: [{ of: OURS, to: BY_HAND }],
        rows: await lakeRows(lake, runs, progress),
        notes: [
          `PostgreSQL 18 without TLS, and a table of ${FILES} files. Each run is a process of its own. This library also fetches the password, from an SSM without delay.`,
          'DuckDB by hand checks the signatures of its extensions, and keeps the appended row in the catalog. This library writes it to a file.',
        ],
        machine: describeThisProcess(),
        ownPage: true,
      };
    } finally {
      await front.stop();
      await bed.stop();
    }
  },
};

function byHand({ s3, postgres }: DuckLakeBed, { port }: PostgresFront): Lake['byHand'] {
  return {
    extensions: LAKE_EXTENSIONS,
    secret: `CREATE SECRET (TYPE s3, KEY_ID '${s3.accessKeyId}', SECRET '${s3.secretAccessKey}', REGION '${s3.region}', ENDPOINT '${new URL(s3.endpoint).host}',
      URL_STYLE 'path', USE_SSL false, SCOPE 's3://lake/');
      CREATE SECRET login (TYPE postgres, HOST '127.0.0.1', PORT ${port}, DATABASE '${postgres.postgres.database}', USER 'writer', PASSWORD '${WRITER_PASSWORD.replaceAll("'", "''")}')`,
    attach: "ATTACH 'ducklake:postgres:' AS lake (META_SECRET login, DATA_PATH 's3://lake/data/')",
  };
}
