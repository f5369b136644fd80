import { DUCKDB, S3 } from '../base/wording';

/** Advice for an error of writing to S3, if its text shows that it is one; `sql` is the failed statement. */
export function uploadHint(error: string, sql: string): string | undefined {
  const isWrite = /\bCOPY\b[\s\S]*\bTO\b|\bEXPORT\s+DATABASE\b/i.test(sql) && /\bs3[an]?:\/\//i.test(sql);
  if (isWrite && DUCKDB.noBlock.test(error)) {
    return 'each file that is being written to S3 needs memory for a part, of s3_uploader_max_filesize / s3_uploader_max_parts_per_file and at least 5 MiB: ' +
      'lower s3_uploader_max_filesize (\'50GB\' gives the smallest parts), s3_uploader_thread_limit (parts under way) or partitioned_write_max_open_files (files of a partitioned COPY) ' +
      'in the settings, or raise the function\'s memorySize';
  }
  if (S3.partNumber.test(error)) {
    return 'S3 accepts 10,000 parts of a file, and this file was larger than s3_uploader_max_filesize: raise that in the settings, or write several files (FILE_SIZE_BYTES)';
  }
  return undefined;
}
