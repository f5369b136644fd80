import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { SeenRequest } from '../../test/bed';

/** The first and the last byte. */
export type Range = readonly [start: number, end: number];

/** What a statement needs of S3, for a reader that knows the files beforehand. */
export interface FloorPlan {
  readonly lists: readonly { readonly bucket: string; readonly prefix: string }[];
  readonly files: readonly FloorFile[];
  readonly puts: readonly { readonly key: string; readonly bytes: number }[];
}

export interface FloorFile {
  readonly key: string;
  readonly head: boolean;
  readonly footer?: Range;
  /** The column chunks, those that touch in one. */
  readonly chunks: readonly Range[];
}

/** Of one file. */
export interface FileLayout {
  readonly size: number;
  /** Of the columns, in the order of the file. */
  readonly chunks: readonly Range[];
}

/** Of all Parquet files under a directory that is served as a bucket, by their keys. */
export async function layoutOf(directory: string, bucket: string): Promise<ReadonlyMap<string, FileLayout>> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    const files = `'${directory}/**/*.parquet'`;
    const reader = await connection.runAndReadAll(`
      SELECT file_name, file_size_bytes::DOUBLE AS size, list([start, start + total_compressed_size - 1]::DOUBLE[] ORDER BY start) AS chunks
      FROM (SELECT *, least(data_page_offset, nullif(dictionary_page_offset, 0)) AS start FROM parquet_metadata(${files}))
      JOIN parquet_file_metadata(${files}) USING (file_name) GROUP BY ALL`);
    const rows = reader.getRowsJS() as [string, number, Range[]][];
    return new Map(rows.map(([file, size, chunks]) => [join(bucket, file.slice(directory.length)), { size, chunks }]));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** What remains of the requests that DuckDB sent for a statement, once it is known which column chunks they were for. */
export function floorPlan(requests: readonly SeenRequest[], layouts: ReadonlyMap<string, FileLayout>): FloorPlan {
  const of = (operation: SeenRequest['operation']) => requests.filter((request) => request.operation === operation);
  const [heads, gets] = [of('HeadObject'), of('GetObject')];
  const files = [...new Set([...heads, ...gets].map(({ key }) => key))].map((key): FloorFile => {
    const { size, chunks } = layouts.get(key)!;
    const ranges = gets.filter((get) => get.key === key).map(({ range }) => rangeOf(range!));
    // With what lies before it, as DuckDB reads it.
    const footer = ranges.find(([, end]) => end === size - 1);
    const others = ranges.filter((range) => range !== footer);
    const needed = chunks.filter((chunk) => others.some((range) => overlap(range, chunk)));
    return { key, head: heads.some((head) => head.key === key), footer, chunks: joined(needed) };
  });
  const uploaded = [...of('PutObject'), ...of('UploadPart')];
  return {
    lists: [...new Set(of('ListObjectsV2').map(({ key }) => key))].map((key) => {
      const [bucket] = key.split('/', 1);
      return { bucket: bucket!, prefix: key.slice(bucket!.length + 1) };
    }),
    files,
    puts: uploaded.map(({ key, receivedBytes }) => ({ key, bytes: receivedBytes })),
  };
}

function rangeOf(header: string): Range {
  const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(header)!;
  return [Number(start), Number(end)];
}

function overlap(one: Range, other: Range): boolean {
  return one[0] <= other[1] && other[0] <= one[1];
}

function joined(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  for (const [start, end] of ranges) {
    const last = result.at(-1);
    if (last !== undefined && last[1] + 1 === start) result[result.length - 1] = [last[0], end];
    else result.push([start, end]);
  }
  return result;
}
