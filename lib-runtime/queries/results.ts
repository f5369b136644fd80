import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { attemptPrefix, type ResultFile, type ResultManifest } from './manifest';
import { refused } from './refused';
import { checkSource, copyStatement, FILE_NAMES, type ResultColumns, source } from './result-copy';
import type { ResultFormat } from './result-format';
import type { ResultLocation } from './result-location';
import type { FileAnswer } from './types';
import { AwsError } from '../aws/aws-request';
import { S3Objects } from '../aws/s3-objects';
import { DuckDbError, messageOf, QueryError, retold } from '../base/errors';
import type { CursorCalls } from '../cursor/cursor-calls';
import type { Cursor, QueryOptions } from '../cursor/types';
import { PART } from '../diagnosis/remote-write';
import type { Column } from '../values/column';
import type { QueryParameters } from '../values/parameters';
import { readColumns } from '../values/rows';
import { checkFieldNames } from '../values/unnamed-fields';

/** A statement whose result becomes a file and a manifest. */
export interface WantedResult {
  /** The query's name. */
  readonly query: string;
  /** One statement, without semicolons. */
  readonly statement: string;
  /** Whether it only reads. Nothing else can be written to a file. */
  readonly reads: boolean;
  readonly parameters: QueryParameters | undefined;
  /** The names of the query's parameters, for the manifest. */
  readonly parameterNames: readonly string[];
  /** Its columns, if they are known, as for Parquet in place of rows that do not fit. */
  readonly columns: readonly Column[] | undefined;
  readonly format: ResultFormat;
  /** The manifest's key, below the location. */
  readonly key: string;
  /** Throws if the result must not have these columns. */
  readonly checkColumns: (columns: readonly Column[]) => Promise<void>;
  /** The milliseconds that remain for cleaning up after a failure. */
  readonly timeLeftMs: () => number;
}

/** The longest time for removing what a failed attempt has left. */
const MAX_CLEAN_UP_MS = 5_000;
/** The time that the error needs to reach the caller. */
const ANSWER_MS = 100;

/**
 * Writes the result of a statement to S3, complete or not at all.
 *
 * DuckDB completes an upload even when its query has failed, and such a file looks whole. So each attempt writes below a prefix of its own, and the
 * manifest, which is written last, makes the result exist. What a failed attempt has left is removed; what cannot be removed has no manifest.
 *
 * Throws what `Cursor.query` throws, and `QUERY` if S3 does not hold what DuckDB has written, or refuses the manifest.
 */
export async function writeResult(cursor: Cursor, location: ResultLocation, wanted: WantedResult): Promise<FileAnswer> {
  checkSource(wanted.statement, wanted.reads);
  const result = wanted.columns ? { columns: wanted.columns, types: [] } : await resultColumns(cursor, wanted);
  await wanted.checkColumns(result.columns);
  const attempt = new Attempt(location, wanted, result);
  try {
    return await attempt.write(cursor);
  } catch (error) {
    // DuckDB may still be writing after the call was abandoned.
    await attempt.discard((cursor as CursorCalls).connection.settled);
    throw withoutPart(error);
  }
}

/** Throws `OUT_OF_RANGE` if JSON would lose fields of a column. */
async function resultColumns(cursor: Cursor, { statement, parameters, format }: WantedResult): Promise<ResultColumns> {
  const result = await (cursor as CursorCalls).result(`FROM ${source(statement)} LIMIT 0`, parameters);
  const columns = readColumns(result);
  const types = result.columnTypes();
  if (format === 'json' || format === 'ndjson') types.forEach((type, index) => checkFieldNames(type, columns[index]!.name));
  return { columns, types };
}

/** One attempt at a result. */
class Attempt {
  private readonly objects: S3Objects;
  private readonly prefix: string;
  private readonly manifestKey: string;
  /** Whether its data may be part of a result. */
  private mayBePublished = false;

  constructor(location: ResultLocation, private readonly wanted: WantedResult, private readonly result: ResultColumns) {
    this.objects = new S3Objects(location.bucket, location, process.env);
    this.manifestKey = location.prefix + wanted.key;
    this.prefix = location.prefix + attemptPrefix(wanted.key, randomUUID());
  }

  async write(cursor: Cursor): Promise<FileAnswer> {
    const { query, parameterNames, format } = this.wanted;
    const { url, rows, bytes } = await this.copied(cursor);
    const { columns } = this.result;
    const manifest: ResultManifest = {
      version: 1, query, parameters: parameterNames, format, rowCount: rows, bytes, columns, files: [{ url, rows, bytes }],
    };
    await this.publish(`${JSON.stringify(manifest, undefined, 2)}\n`);
    return { manifest: this.objects.urlOf(this.manifestKey), files: [url], rowCount: rows, bytes, format };
  }

  /** Removes what it has left, once `settled` says that nothing more is written, as far as time allows. */
  async discard(settled: Promise<void>): Promise<void> {
    if (this.mayBePublished) {
      console.warn(`a failed attempt may have written the manifest ${this.objects.urlOf(this.manifestKey)}, so its data below ${this.objects.urlOf(this.prefix)} stays: ` +
        'if no manifest names it, it is not a result; delete it, or let a lifecycle rule of the bucket do so');
      return;
    }
    const limit = new AbortController();
    const timeMs = Math.max(0, Math.min(MAX_CLEAN_UP_MS, this.wanted.timeLeftMs() - ANSWER_MS));
    const late = sleep(timeMs, new Error(`not done within ${Math.round(timeMs)} ms`), { signal: limit.signal }).then((error) => { throw error; });
    try {
      await Promise.race([settled.then(() => this.remove()), late]);
    } catch (error) {
      console.warn(`what a failed attempt has written below ${this.objects.urlOf(this.prefix)} could not be removed (${messageOf(error)}): it has no manifest, ` +
        'so it is not a result; delete it, or let a lifecycle rule of the bucket do so');
    } finally {
      late.catch(() => undefined);
      limit.abort();
    }
  }

  private async remove(): Promise<void> {
    for (let left = await this.objects.list(this.prefix); left.length > 0; left = await this.objects.list(this.prefix)) {
      for (const { key } of left) await this.objects.delete(key);
    }
  }

  private async copied(cursor: Cursor): Promise<ResultFile> {
    const { statement, parameters, format } = this.wanted;
    const key = this.prefix + FILE_NAMES[format];
    const url = this.objects.urlOf(key);
    // Its rows say what DuckDB has written: RETURN_STATS for Parquet, RETURN_FILES for the others.
    const [written] = await cursor.query<{ count?: number; Count?: number; file_size_bytes?: number }>(
      copyStatement(statement, this.result, format, url), parameters, NO_LIMIT);
    const rows = written?.count ?? written?.Count;
    if (rows === undefined) throw new QueryError(`DuckDB has not said how many rows it has written to ${url}; nothing was published`);
    const objects = await this.objects.list(this.prefix).catch((error) => { throw refused('list', this.objects.urlOf(this.prefix), error); });
    if (rows === 0 && objects.length === 0) return this.emptyFile(key);
    const [object] = objects;
    const bytes = written?.file_size_bytes ?? object?.bytes;
    if (objects.length !== 1 || object?.key !== key || object.bytes !== bytes) throw this.incomplete(url, bytes, objects);
    return { url, rows, bytes };
  }

  /** DuckDB does not write a file without bytes. */
  private async emptyFile(key: string): Promise<ResultFile> {
    await this.objects.put(key, '', 'application/octet-stream').catch((error) => { throw refused('write', this.objects.urlOf(key), error); });
    return { url: this.objects.urlOf(key), rows: 0, bytes: 0 };
  }

  private incomplete(url: string, bytes: number | undefined, objects: readonly { readonly key: string; readonly bytes: number }[]): QueryError {
    const found = objects.map((object) => `${object.key} of ${object.bytes} bytes`).join(', ') || 'nothing';
    const expected = `${url}${bytes === undefined ? '' : ` of ${bytes} bytes`}`;
    return new QueryError(`DuckDB has reported that it has written ${expected}, but S3 holds ${found}: nothing was published; ` +
      'check what else writes or deletes there, and the permissions of the function\'s role', { retryable: true });
  }

  /** Writes the manifest. If S3's answer was lost, reads it back: a manifest must not outlive its data, nor an error a result. */
  private async publish(manifest: string): Promise<void> {
    this.mayBePublished = true;
    try {
      await this.objects.put(this.manifestKey, manifest, 'application/json');
    } catch (error) {
      // A request without an answer may still arrive, so its data stays.
      this.mayBePublished = error instanceof AwsError && error.passing;
      if (this.mayBePublished && await this.objects.get(this.manifestKey).catch(() => undefined) === manifest) return;
      throw refused('write', this.objects.urlOf(this.manifestKey), error);
    }
  }
}

/** The statistics of a Parquet file have an entry for each column. */
const NO_LIMIT: QueryOptions = { maxBytes: Infinity };

/** `error` without the advice to publish what was written only after success, which happens here. */
function withoutPart(error: unknown): unknown {
  const hint = `\n\nhint: ${PART}`;
  return error instanceof DuckDbError && error.message.includes(hint) ? retold(error, error.message.replace(hint, '')) : error;
}
