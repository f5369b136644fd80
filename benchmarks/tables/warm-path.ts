import { DuckDBInstance } from '@duckdb/node-api';
import { cursor, session } from '../../lib-runtime';
import { extensionFile, signedExtensions } from '../../test/lib-runtime/signed-extensions';
import { interleaved, type Measure } from '../harness/interleaved';
import { describeThisProcess } from '../harness/machine';
import { untilQuiet } from '../harness/quiet-machine';
import type { Benchmark } from '../report/table';

const OURS = 'this package';
const RAW = 'raw client';
const QUERY = 'SELECT 1 AS one';
/** The number of calls per measurement, because a single call is too short to measure. */
const CALLS = 20;

export const warmPath: Benchmark = {
  name: 'warm-path',
  summary: 'a cursor and a session in a warm process, beside the raw client',
  runs: 31,
  withoutDocker: true,
  measure: async (runs, progress) => {
    const baked = await signedExtensions('httpfs');
    Object.assign(process.env, {
      DUCKDB_EXTENSIONS_DIR: baked,
      DUCKDB_LAMBDA_CONFIG: JSON.stringify({ version: 1, extensions: ['httpfs'], steps: [] }),
    });
    const instance = await DuckDBInstance.create();
    const rawCursor = async () => {
      const connection = await instance.connect();
      await (await connection.run(QUERY)).getRowObjectsJS();
      connection.closeSync();
    };
    const rawSession = async () => {
      const own = await DuckDBInstance.create();
      const connection = await own.connect();
      await connection.run(`LOAD '${extensionFile(baked, 'httpfs')}'`);
      await (await connection.run(QUERY)).getRowObjectsJS();
      connection.closeSync();
      own.closeSync();
    };
    progress('cursors');
    const cursors = await interleaved({
      [OURS]: each(CALLS, () => cursor((c) => c.query(QUERY))),
      [RAW]: each(CALLS, rawCursor),
    }, runs, briefly);
    progress('sessions');
    const sessions = await interleaved({ [OURS]: each(1, () => session((s) => s.query(QUERY))), [RAW]: each(1, rawSession) }, runs, briefly);
    instance.closeSync();
    return {
      title: 'SELECT 1 in a warm process',
      conditions: 'each time anew',
      unit: 'µs',
      contenders: [OURS, RAW],
      ratios: [{ of: OURS, to: RAW }],
      rows: [
        { condition: 'a cursor; a connection, and its closing', measured: cursors },
        { condition: 'a session; an instance with LOAD httpfs, and its closing', measured: sessions },
      ],
      notes: ['Both sides check the signature of httpfs, because the measuring process can write to its directory.'],
      machine: describeThisProcess(),
    };
  },
};

/** The average time of a call, in microseconds. */
function each(calls: number, call: () => Promise<unknown>): Measure {
  return async () => {
    const started = performance.now();
    for (let i = 0; i < calls; i++) await call();
    return (performance.now() - started) / calls * 1000;
  };
}

/** Such a short measurement seldom meets other load, so a long wait for a quiet machine is not worth it. */
const briefly = () => untilQuiet(200);
