import type { Limits } from '../memory/limits';
import { bytesOf } from '../memory/sizes';

const MIB = 1024 * 1024;
/** S3 does not accept a smaller part of an upload, except the last (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html). */
const SMALLEST_PART = 5 * MIB;
const DEFAULT_PARTS = 10_000;
const DEFAULT_UPLOADS = 50;
const DEFAULT_OPEN_FILES = 100;
const DEFAULT_MAX_FILESIZE = 800e9;
/** The share of the memory limit for one part, so that 30 files at once take 15 %, and 30 % if a session has half of the memory. */
const PART_SHARE = 1 / 200;
/** The number of parts of one file that are being sent to S3. */
const UPLOADS_SHARE = 1 / 8;
/** All files of a partitioned COPY, with one part each. */
const OPEN_FILES_SHARE = 1 / 2;

const FILE_SIZE = 's3_uploader_max_filesize';
const PARTS = 's3_uploader_max_parts_per_file';
const UPLOADS = 's3_uploader_thread_limit';
const OPEN_FILES = 'partitioned_write_max_open_files';

/**
 * How DuckDB writes to S3 under a memory limit; `overrides` are the user's own settings, which take precedence.
 *
 * httpfs holds one part of each open file in memory, of `s3_uploader_max_filesize` / `s3_uploader_max_parts_per_file` = 76.5 MiB by default, and up to
 * 50 more of each file whose parts are being sent. So a COPY of one row failed at 256 MB, and 30 partitions at 1,769 MB. A part of 5 MiB allows files
 * of 50 GB, which is about what Lambda can send to S3 in 15 minutes.
 */
export class UploadSettings {
  private readonly partBytes: number;
  private current: Readonly<Record<string, number>>;

  constructor(limits: Limits, private readonly overrides: Readonly<Record<string, string>>) {
    const parts = Number(overrides[PARTS]) || DEFAULT_PARTS;
    const fileBytes = this.isSizeGiven ? bytesOf(overrides[FILE_SIZE], 0) ?? DEFAULT_MAX_FILESIZE : limits.memoryBytes * PART_SHARE * DEFAULT_PARTS;
    this.partBytes = Math.max(SMALLEST_PART, Math.min(fileBytes, DEFAULT_MAX_FILESIZE) / parts);
    this.current = this.counts(limits);
  }

  /** The settings to SET after httpfs is loaded. */
  get atCreation(): Readonly<Record<string, string>> {
    const fileSize = `${Math.floor(this.partBytes * DEFAULT_PARTS / MIB)}MiB`;
    const counts = Object.entries(this.current).map(([name, count]) => [name, String(count)] as const);
    return { ...(!this.isSizeGiven && { [FILE_SIZE]: fileSize }), ...Object.fromEntries(counts) };
  }

  /** The SQL that adapts the settings to other limits; empty if there is nothing to change. Values that a user has SET since stay. */
  follow(limits: Limits): string {
    const before = this.current;
    this.current = this.counts(limits);
    return Object.entries(this.current).filter(([name, count]) => count !== before[name]).map(([name, count]) => (
      `SET GLOBAL ${name} = CASE current_setting('${name}') WHEN ${before[name]} THEN ${count} ELSE current_setting('${name}') END`
    )).join('; ');
  }

  private get isSizeGiven(): boolean {
    return FILE_SIZE in this.overrides || PARTS in this.overrides;
  }

  private counts({ memoryBytes }: Limits): Readonly<Record<string, number>> {
    const partsIn = (share: number, most: number) => Math.max(1, Math.min(most, Math.floor(memoryBytes * share / this.partBytes)));
    return {
      ...(!(UPLOADS in this.overrides) && { [UPLOADS]: partsIn(UPLOADS_SHARE, DEFAULT_UPLOADS) }),
      ...(!(OPEN_FILES in this.overrides) && { [OPEN_FILES]: partsIn(OPEN_FILES_SHARE, DEFAULT_OPEN_FILES) }),
    };
  }
}

/** Whether `sql` may write to S3. */
export function mayUpload(sql: string): boolean {
  return /\b(?:COPY|EXPORT)\b/i.test(sql);
}
