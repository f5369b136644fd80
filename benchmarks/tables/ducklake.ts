import { type DuckLakeBed, LAKE_EXTENSIONS, startDuckLakeBed, WRITER_PASSWORD } from '../../test/lib-runtime/bootstrap/ducklake/ducklake-bed';
import { type PostgresFront, postgresFrontOf } from '../../test/lib-runtime/postgres-front';
import { FILES, type Lake, lakeTable, s3Secret } from '../harness/lake';
import type { Benchmark } from '../report/table';

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
      return await lakeTable(lake, {
        title: 'A DuckLake in a fresh process, by the milliseconds before each answer of PostgreSQL and of S3',
        notes: [
          `PostgreSQL 18 without TLS, and a table of ${FILES} files. Each run is a process of its own. This library also fetches the password, from an SSM without delay.`,
          'DuckDB by hand checks the signatures of its extensions, and keeps the appended row in the catalog. This library writes it to a file.',
        ],
      }, runs, progress);
    } finally {
      await front.stop();
      await bed.stop();
    }
  },
};

function byHand({ s3, postgres }: DuckLakeBed, { port }: PostgresFront): Lake['byHand'] {
  return {
    extensions: LAKE_EXTENSIONS,
    secret: `${s3Secret(s3, 'lake')};
      CREATE SECRET login (TYPE postgres, HOST '127.0.0.1', PORT ${port}, DATABASE '${postgres.postgres.database}', USER 'writer', PASSWORD '${WRITER_PASSWORD.replaceAll("'", "''")}')`,
    attach: "ATTACH 'ducklake:postgres:' AS lake (META_SECRET login, DATA_PATH 's3://lake/data/')",
  };
}
