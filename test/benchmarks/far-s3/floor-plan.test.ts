import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { floorPlan, layoutOf, type FileLayout } from '../../../benchmarks/far-s3/floor-plan';
import type { SeenRequest } from '../../bed';
import { temporaryDirectory } from '../../temporary-directory';

const seen = (operation: SeenRequest['operation'], key: string, more: Partial<SeenRequest> = {}): SeenRequest => (
  { operation, key, status: 200, receivedBytes: 0, sentBytes: 0, ...more }
);
const get = (key: string, start: number, end: number) => seen('GetObject', key, { range: `bytes=${start}-${end}` });

/** Four column chunks, then bloom filters, then the footer. */
const LAYOUTS: ReadonlyMap<string, FileLayout> = new Map([['lake/a.parquet', { size: 1000, chunks: [[4, 99], [100, 199], [200, 299], [300, 399]] }]]);

test('column chunks that were read are read whole, those that touch in one, and bloom filters not at all', () => {
  const requests = [
    seen('HeadObject', 'lake/a.parquet'), get('lake/a.parquet', 900, 999), get('lake/a.parquet', 500, 510),
    get('lake/a.parquet', 120, 130), get('lake/a.parquet', 4, 99), get('lake/a.parquet', 300, 399),
  ];
  expect(floorPlan(requests, LAYOUTS)).toEqual({
    lists: [], files: [{ key: 'lake/a.parquet', head: true, footer: [900, 999], chunks: [[4, 199], [300, 399]] }], puts: [],
  });
});

test('what was read with the footer is not read again', () => {
  expect(floorPlan([get('lake/a.parquet', 250, 999)], LAYOUTS).files).toEqual([{ key: 'lake/a.parquet', head: false, footer: [250, 999], chunks: [] }]);
});

test('a list is one, however many pages it had, and what was written is written', () => {
  const list = seen('ListObjectsV2', 'lake/days/');
  const requests = [list, list, seen('PutObject', 'export/b', { receivedBytes: 42 }), seen('UploadPart', 'export/c', { receivedBytes: 7 })];
  expect(floorPlan(requests, LAYOUTS)).toEqual({
    lists: [{ bucket: 'lake', prefix: 'days/' }], files: [], puts: [{ key: 'export/b', bytes: 42 }, { key: 'export/c', bytes: 7 }],
  });
});

test('the layout of files is their own', async () => {
  const directory = temporaryDirectory();
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  await connection.run(`COPY (SELECT i, i % 3 AS part, hash(i) AS h FROM range(3000) t(i)) TO '${directory}/days' (FORMAT parquet, PARTITION_BY (part))`);
  connection.closeSync();
  instance.closeSync();
  const layouts = await layoutOf(directory, 'lake');
  expect([...layouts.keys()].sort()).toEqual([0, 1, 2].map((part) => `lake/days/part=${part}/data_0.parquet`));
  const { size, chunks } = layouts.get('lake/days/part=1/data_0.parquet')!;
  expect(size).toBe(statSync(join(directory, 'days/part=1/data_0.parquet')).size);
  // After the format's four letters one column follows the other.
  expect(chunks).toEqual([[4, chunks[1][0] - 1], [chunks[1][0], expect.any(Number)]]);
});
